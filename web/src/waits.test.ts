import assert from 'node:assert/strict'
import { it } from 'node:test'
import { waitMs } from './waits.ts'

it('waits longer with each failure, up to eight seconds, and never polls more often than usual', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 100].map((earlier) => waitMs(earlier)),
    [1000, 2000, 4000, 8000, 8000],
  )
  assert.deepEqual(
    [0, 1, 2].map((earlier) => waitMs(earlier, 2000)),
    [2000, 2000, 4000],
  )
})
