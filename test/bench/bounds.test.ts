import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judge, verdictLine } from '../../bench/bounds.ts'
import type { Figures } from '../../bench/kit/measure.ts'
import type { Case } from '../../bench/kit/results.ts'

function figures(
  name: string,
  cpuUs: readonly number[],
  more: { failed?: number; mibPerSecond?: number } = {},
): Figures {
  const { failed = 0, mibPerSecond = 1 } = more
  const residentMiB = { before: 1, peak: 1, after: 1 }
  return {
    name,
    rounds: cpuUs.map((cost) => ({
      cpuUs: cost,
      requestsPerSecond: 1,
      mibPerSecond,
      p50Ms: 1,
      p99Ms: 1,
      residentMiB,
      failed,
      othersShare: 0,
    })),
  }
}

function forwarded(connections: number, ...all: readonly Figures[]): Case {
  return { suite: 'forward', name: `${connections} connections`, connections, figures: all }
}

describe('the bounds of the benchmark', () => {
  it('compares within each round, so that a slow round does not matter', () => {
    const [forward] = judge([forwarded(64, figures('nginx', [10, 30, 11]), figures('Hedgerow', [19, 57, 22]))])
    assert.equal(forward?.value, 1.9)
    assert.equal(forward?.holds, true)
  })

  it('reports the bounds that do not hold', () => {
    const verdicts = judge([
      forwarded(64, figures('nginx', [10]), figures('Hedgerow', [21]), figures('Caddy', [30])),
      forwarded(1500, figures('Hedgerow', [30], { failed: 2 })),
      {
        suite: 'bodies',
        name: '1 MiB',
        connections: 64,
        figures: [figures('nginx', [1], { mibPerSecond: 1000 }), figures('Hedgerow', [1], { mibPerSecond: 400 })],
      },
    ])
    assert.deepEqual(
      verdicts.map(({ value, limit, holds }) => [Number(value.toFixed(2)), limit, holds]),
      [
        [2.1, 2, false],
        [1.43, 1.8, false],
        [1.43, 1.3, false],
        [0.4, 0.5, false],
        [2, 0, false],
      ],
    )
    assert.match(verdictLine(verdicts[0] as (typeof verdicts)[0]), /^DOES NOT HOLD .*: 2.10 \(at most 2\)$/)
  })

  it('skips bounds without measurements', () => {
    assert.deepEqual(judge([]), [])
    assert.deepEqual(
      judge([forwarded(64, figures('nginx', [10]))]).map(({ bound }) => bound),
      [],
    )
  })
})
