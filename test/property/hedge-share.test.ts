import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawLatencyMs } from '@hedgerow/backend/latency'
import { type Random, seededRandom } from '../../src/kit/random.ts'
import { hedgeDelay } from '../../src/strategies/hedge/delay.ts'
import { hedgeOptions } from '../../src/strategies/hedge/options.ts'

/** Latency in milliseconds, at this second of the scene. */
type Law = (atSeconds: number, random: Random) => number

interface Scene {
  readonly after: string
  readonly perSecond?: number | ((atSeconds: number) => number)
  readonly law: Law
  readonly seed?: number
}

const lognormal =
  (medianMs: number, sigma: number): Law =>
  (_atSeconds, random) =>
    drawLatencyMs({ kind: 'lognormal', medianMs, sigma }, random)

/** One law up to this second, then another. */
const change =
  (atSeconds: number, before: Law, after: Law): Law =>
  (seconds, random) =>
    (seconds < atSeconds ? before : after)(seconds, random)

type Window = readonly [from: number, to: number]

/**
 * Percentage of late calls among those that begin within each window of seconds. Only the delay is real; the test
 * reports to it as `hedge.ts` does, one millisecond after the other, like the gateway's timers.
 */
function shares({ after, perSecond = 300, law, seed = 1 }: Scene, windows: readonly Window[]): readonly number[] {
  const random = seededRandom(seed)
  const delay = hedgeDelay(hedgeOptions.parse({ upstream: 'work', after }).after)
  const due = new Map<number, (() => void)[]>()
  const calls = windows.map(() => ({ all: 0, late: 0 }))
  const at = (ms: number, action: () => void): void => {
    const tick = Math.ceil(ms)
    const others = due.get(tick)
    if (others === undefined) due.set(tick, [action])
    else others.push(action)
  }
  const begin = (nowMs: number): void => {
    const seconds = nowMs / 1000
    const latencyMs = law(seconds, random)
    const delayMs = delay.delayMs()
    const step = delay.begin()
    const isLate = latencyMs > Math.ceil(delayMs)
    if (isLate) at(nowMs + delayMs, () => delay.late(step))
    else at(nowMs + latencyMs, () => delay.inTime(step, latencyMs))
    for (const [place, [from, to]] of windows.entries()) {
      const counts = calls[place]
      if (counts === undefined || seconds < from || seconds >= to) continue
      counts.all++
      if (isLate) counts.late++
    }
  }
  // Poisson arrivals: users act independently.
  const rateAt = (ms: number): number => (typeof perSecond === 'number' ? perSecond : perSecond(ms / 1000))
  const pauseMs = (ms: number): number => (-Math.log(1 - random()) * 1000) / rateAt(ms)
  const endMs = 1000 * Math.max(...windows.map(([, to]) => to))
  let arrivalMs = pauseMs(0)
  for (let tick = 0; tick < endMs; tick++) {
    for (const action of due.get(tick) ?? []) action()
    due.delete(tick)
    for (; arrivalMs < tick + 1; arrivalMs += pauseMs(arrivalMs)) begin(arrivalMs)
  }
  return calls.map(({ all, late }) => (100 * late) / all)
}

function assertWithin(share: number | undefined, [least, most]: readonly [number, number], what: string): void {
  assert.ok(share !== undefined && share >= least && share <= most, `${share} % of calls hedged, ${what}`)
}

const p95 = [4, 6.5] as const
const p90 = [8.5, 12] as const

describe('hedge after a quantile: share of hedged calls', () => {
  for (const [after, band] of [
    ['p95', p95],
    ['p90', p90],
  ] as const) {
    for (const sigma of [0.7, 1]) {
      it(`is what ${after} promises for lognormal latencies of sigma ${sigma}, also after they double`, () => {
        for (const seed of [1, 2, 3]) {
          const law = change(60, lognormal(20, sigma), lognormal(40, sigma))
          const [before, then] = shares({ after, law, seed }, [
            [0, 60],
            [80, 100],
          ])
          assertWithin(before, band, `seed ${seed}`)
          assertWithin(then, band, `seed ${seed}, after the change`)
        }
      })
    }
  }

  const cases: readonly (readonly [string, Scene, readonly [number, number], readonly [number, number]])[] = [
    ['holds at p50', { after: 'p50', law: lognormal(20, 1) }, [0, 20], [47, 53]],
    ['holds at p99', { after: 'p99', law: lognormal(20, 1) }, [10, 40], [0.7, 1.4]],
    ['holds for sigma 1.5', { after: 'p95', law: lognormal(20, 1.5) }, [0, 20], p95],
    [
      'holds where one call in twelve takes the slow way',
      { after: 'p95', law: (_at, random) => (random() < 0.92 ? 10 + 5 * random() : 400 + 20 * random()) },
      [10, 30],
      p95,
    ],
    ['holds where all take the same time', { after: 'p95', law: (_at, random) => 20 + random() }, [0, 20], p95],
    ['holds from a start that is far too late', { after: 'p95', law: lognormal(2, 0.5) }, [2, 12], p95],
    ['holds after a start that is too early', { after: 'p95', law: lognormal(200, 0.7) }, [5, 25], p95],
    [
      'holds 10 s after latencies have halved',
      { after: 'p95', law: change(10, lognormal(20, 1), lognormal(10, 1)) },
      [15, 25],
      p95,
    ],
    ['holds 10 s after an outage', { after: 'p95', law: change(10, () => 5000, lognormal(20, 1)) }, [20, 30], p95],
    ['holds with one call a second', { after: 'p95', perSecond: 1, law: lognormal(20, 1) }, [0, 1800], p95],
    [
      'holds where calls come in bursts, and are late the more of them are in flight',
      {
        after: 'p95',
        perSecond: (at) => (at % 2 < 0.2 ? 2000 : 100),
        law: (at, random) => (at % 2 < 0.2 ? 5 : 1) * lognormal(20, 0.7)(at, random),
      },
      [10, 60],
      p95,
    ],
    [
      'holds with thousands of calls in flight',
      { after: 'p95', perSecond: 3000, law: lognormal(400, 0.3) },
      [2, 12],
      p95,
    ],
  ]
  for (const [what, scene, window, band] of cases) {
    it(what, () => assertWithin(shares(scene, [window])[0], band, what))
  }
})
