import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dropFields } from './drop-fields.ts'

describe('dropFields', () => {
  it('removes every spelling of its names and keeps the others unchanged', () => {
    const drop = dropFields(['X-A', 'x_c'])
    const fields = ['X_A', '1', 'x-a', '2', 'X-AB', '3', 'X_b', '4', 'X-C', '5']
    for (let time = 0; time < 2; time++) assert.deepEqual(drop(fields), ['X-AB', '3', 'X_b', '4'])
  })

  it('still removes them when clients have sent more names than it remembers', () => {
    const drop = dropFields(['x-a'])
    for (let n = 0; n < 2000; n++) drop([`X-${n}`, ''])
    assert.deepEqual(drop(['X_A', '1', 'X-a', '2', 'X-2001', '3']), ['X-2001', '3'])
  })
})
