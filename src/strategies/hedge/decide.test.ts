import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failure } from '../../core/failure.ts'
import { failed, succeeded } from '../../core/outcome.ts'
import type { RaceView, Runner } from '../../kit/race.ts'
import { decideHedge, type HedgePlan } from './decide.ts'

const plan: HedgePlan = { afterMs: 300, spacingMs: 0, extra: 2, first: 'keep' }
const good = succeeded({ status: 200, headers: [], body: undefined, attempt: undefined, upgraded: undefined })
const bad = failed(failure('UPSTREAM_RESET', 'reset'))

function runner(sentMs: number, outcome?: Runner['outcome'], dropped = false): Runner {
  return { kind: 'hedge', sentMs, endedMs: outcome === undefined ? undefined : sentMs + 1, outcome, dropped }
}

function decide(elapsedMs: number, runners: readonly Runner[], change: Partial<HedgePlan> = {}) {
  const view: RaceView = { elapsedMs, runners, aborted: undefined }
  const step = decideHedge(view, { ...plan, ...change })
  if (step.do === 'settle') return step.outcome.ok ? `keep ${step.keep}` : step.outcome.failure.code
  if (step.do === 'wait') return step.untilMs === undefined ? 'wait' : `wait until ${step.untilMs}`
  return `send ${step.count} ${step.kind}${step.drop === undefined ? '' : ` drop ${step.drop.join(',')}`}`
}

describe('decideHedge', () => {
  const cases: readonly (readonly [string, string, number, readonly Runner[], Partial<HedgePlan>?])[] = [
    ['begins with one', 'send 1 first', 0, []],
    ['waits for the first until it is late', 'wait until 300', 299, [runner(0)]],
    ['sends all extras when the first is late', 'send 2 hedge', 300, [runner(0)]],
    ['still sends them when asked too late', 'send 2 hedge', 900, [runner(0)]],
    ['sends them at once when the first has failed', 'send 2 hedge', 50, [runner(0, bad)]],
    ['waits for all once all are out', 'wait', 301, [runner(0), runner(300), runner(300)]],
    ['keeps the good one', 'keep 1', 310, [runner(0), runner(300, good), runner(300, bad)]],
    ['fails when all have failed', 'UPSTREAM_RESET', 400, [runner(0, bad), runner(300, bad), runner(300, bad)]],
    ['fails with the first if no extras are allowed', 'UPSTREAM_RESET', 50, [runner(0, bad)], { extra: 0 }],
    ['waits for the first if no extras are allowed', 'wait', 900, [runner(0)], { extra: 0 }],
    ['drops the first when the extras go out', 'send 2 hedge drop 0', 300, [runner(0)], { first: 'drop' }],
    ['drops nothing that has failed', 'send 2 hedge', 50, [runner(0, bad)], { first: 'drop' }],
    ['spaces the first extra by the delay', 'send 1 hedge', 300, [runner(0)], { spacingMs: 50 }],
    ['spaces the next from the last', 'wait until 350', 310, [runner(0), runner(300)], { spacingMs: 50 }],
    ['sends the next when its time has come', 'send 1 hedge', 350, [runner(0), runner(300)], { spacingMs: 50 }],
    ['sends the next when all have failed', 'send 1 hedge', 310, [runner(0, bad), runner(300, bad)], { spacingMs: 50 }],
    [
      'drops the first only once',
      'send 1 hedge',
      350,
      [runner(0, bad, true), runner(300)],
      { spacingMs: 50, first: 'drop' },
    ],
    [
      'drops the first only once, even while it has not ended',
      'send 1 hedge',
      350,
      [runner(0, undefined, true), runner(300)],
      { spacingMs: 50, first: 'drop' },
    ],
  ]
  for (const [what, expected, elapsedMs, runners, change] of cases) {
    it(what, () => assert.equal(decide(elapsedMs, runners, change), expected))
  }

  const hopeless = failed(failure('UPSTREAM_TLS', 'the certificate has expired'))

  it('sends no extras after a failure that none could fix', () => {
    assert.equal(decide(50, [runner(0, hopeless)]), 'UPSTREAM_TLS')
  })

  it('sends extras if one of the attempts failed in a way that another could fix', () => {
    const step = decide(310, [runner(0, hopeless), runner(300, bad)], { spacingMs: 50 })
    assert.equal(step, 'send 1 hedge')
  })

  it('settles with the reason of an abort, whatever else has happened', () => {
    const aborted = failure('DEADLINE', 'over')
    const step = decideHedge({ elapsedMs: 10, runners: [runner(0, good)], aborted }, plan)
    assert.deepEqual(step, { do: 'settle', outcome: failed(aborted) })
  })
})
