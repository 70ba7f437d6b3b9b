import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OutReason } from '../../src/core/target-event.ts'
import { askedBecause } from './asked-because.ts'

const because = (available: boolean, ...reasons: readonly OutReason[]): string | undefined =>
  askedBecause({ available, out: reasons.map((why) => ({ why, until: undefined })) })

describe('why a target is asked all the same', () => {
  it('is that too few are well, for one that is ejected or fails its checks', () => {
    assert.equal(because(true, 'ejected'), 'too few are well')
    assert.equal(because(true, 'unhealthy', 'ejected'), 'too few are well')
  })

  it('is that no other is left, for one that asked for a rest', () => {
    assert.equal(because(true, 'resting'), 'no other is left')
    assert.equal(because(true, 'ejected', 'resting'), 'too few are well, and no other is left')
  })

  it('is none for one that is well, or is not asked', () => {
    assert.equal(because(true), undefined)
    assert.equal(because(false, 'resting'), undefined)
  })
})
