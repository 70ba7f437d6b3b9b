import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OutReason } from '../../src/core/target-event.ts'
import { askedBecause } from './asked-because.ts'

const because = (available: boolean, ...reasons: readonly OutReason[]): string | undefined =>
  askedBecause({ available, out: reasons.map((why) => ({ why, until: undefined })) })

describe('why an unhealthy target still gets calls', () => {
  it('is that too few targets are healthy, if it is ejected or fails its checks', () => {
    assert.equal(because(true, 'ejected'), 'too few are well')
    assert.equal(because(true, 'unhealthy', 'ejected'), 'too few are well')
  })

  it('is that no other target is left, if it asked for a rest', () => {
    assert.equal(because(true, 'resting'), 'no other is left')
    assert.equal(because(true, 'ejected', 'resting'), 'too few are well, and no other is left')
  })

  it('is undefined for a healthy target, and for one that gets no calls', () => {
    assert.equal(because(true), undefined)
    assert.equal(because(false, 'resting'), undefined)
  })
})
