import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FailureCode, failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import type { Runner } from '../kit/race.ts'
import { allFailed } from './all-failed.ts'

function runner(code: FailureCode | undefined, dropped = false): Runner {
  const outcome = code === undefined ? undefined : failed(failure(code, `${code} it was`, { upstreamStatus: 500 }))
  return { kind: 'duplicate', sentMs: 0, endedMs: 1, outcome, dropped }
}

describe('allFailed', () => {
  it('returns a single failure unchanged', () => {
    const { code, detail, upstreamStatus } = allFailed([runner('UPSTREAM_RESET')])
    assert.deepEqual([code, detail, upstreamStatus], ['UPSTREAM_RESET', 'UPSTREAM_RESET it was', 500])
  })

  it("has the last one's code and all their details", () => {
    const { code, source, retry, detail } = allFailed([runner('UPSTREAM_RESET'), runner('UPSTREAM_REFUSED')])
    assert.deepEqual([code, source, retry], ['UPSTREAM_REFUSED', 'upstream', 'safe'])
    assert.equal(detail, 'All 2 attempts failed: UPSTREAM_RESET it was; UPSTREAM_REFUSED it was')
  })

  it('leaves out attempts that were dropped or have not ended', () => {
    const runners = [runner('CANCELLED', true), runner('UPSTREAM_RESET'), runner(undefined)]
    assert.equal(allFailed(runners).detail, 'UPSTREAM_RESET it was')
  })

  it('reports that no target could be called', () => {
    assert.equal(allFailed([]).code, 'NO_TARGET')
  })
})
