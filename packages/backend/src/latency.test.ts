import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../src/kit/random.ts'
import { drawLatencyMs, type Latency, latencySchema } from './latency.ts'

const ms = fc.double({ min: 0, max: 86_400_000, noNaN: true })
const maxMs = fc.option(ms, { nil: undefined })

const latencies: fc.Arbitrary<Latency> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), ms }),
  fc.tuple(ms, ms).map(([a, b]) => ({ kind: 'uniform' as const, minMs: Math.min(a, b), maxMs: Math.max(a, b) })),
  fc.record({ kind: fc.constant('normal' as const), meanMs: ms, deviationMs: ms, maxMs }),
  fc.record({
    kind: fc.constant('lognormal' as const),
    medianMs: ms,
    sigma: fc.double({ min: 0, max: 10, noNaN: true }),
    maxMs,
  }),
  fc.record({
    kind: fc.constant('pareto' as const),
    minMs: ms,
    alpha: fc.double({ min: 0.1, max: 100, noNaN: true }),
    maxMs,
  }),
  fc.uniqueArray(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 }).chain((percentiles) =>
    fc.array(ms, { minLength: percentiles.length, maxLength: percentiles.length }).map((times) => {
      const rising = times.toSorted((a, b) => a - b)
      const points = percentiles
        .toSorted((a, b) => a - b)
        .map((percentile, i) => ({ percentile, ms: rising[i] as number }))
      return { kind: 'percentiles' as const, points }
    }),
  ),
)

/** Every value that a 32-bit generator can return. */
const chance = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((n) => n / 2 ** 32)

function samplesOf(spec: Latency, count = 100_000): readonly number[] {
  const random = seededRandom(7)
  return Array.from({ length: count }, () => drawLatencyMs(spec, random)).sort((a, b) => a - b)
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * sorted.length)] as number
}

function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length
}

function isNear(found: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(found / expected - 1) <= tolerance, `${found} is not within ${tolerance} of ${expected}`)
}

describe('a latency', () => {
  test('is a finite number, not negative, and at most its limit', () => {
    fc.assert(
      fc.property(latencies, chance, (spec, u) => {
        const drawnMs = drawLatencyMs(spec, () => u)
        assert.ok(Number.isFinite(drawnMs) && drawnMs >= 0, String(drawnMs))
        if ('maxMs' in spec && spec.maxMs !== undefined) assert.ok(drawnMs <= spec.maxMs)
      }),
    )
  })

  test('takes exactly one random number, whatever its kind', () => {
    fc.assert(
      fc.property(latencies, chance, (spec, u) => {
        let drawn = 0
        drawLatencyMs(spec, () => {
          drawn++
          return u
        })
        assert.equal(drawn, 1)
      }),
    )
  })

  test('never falls when the random number rises', () => {
    fc.assert(
      fc.property(latencies, chance, chance, (spec, a, b) => {
        const low = drawLatencyMs(spec, () => Math.min(a, b))
        const high = drawLatencyMs(spec, () => Math.max(a, b))
        // The normal quantile is composed of three fits, which meet to one part in 10^7.
        assert.ok(low <= high * (1 + 1e-5) + 1e-5 * scaleOf(spec), `${low} > ${high}`)
      }),
    )
  })

  test('is accepted by the schema unchanged', () => {
    fc.assert(fc.property(latencies, (spec) => assert.deepEqual(latencySchema.parse(spec), { ...spec })))
  })
})

function scaleOf(spec: Latency): number {
  return spec.kind === 'normal' ? spec.deviationMs : 0
}

describe('the shape of a latency over 100,000 draws', () => {
  test('fixed is always the same', () => {
    const samples = samplesOf({ kind: 'fixed', ms: 250 }, 100)
    assert.deepEqual([samples[0], samples.at(-1)], [250, 250])
  })

  test('uniform is even between its ends', () => {
    const samples = samplesOf({ kind: 'uniform', minMs: 100, maxMs: 600 })
    assert.ok((samples[0] as number) >= 100 && (samples.at(-1) as number) <= 600)
    isNear(mean(samples), 350, 0.01)
    for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) isNear(quantile(samples, share), 100 + 500 * share, 0.02)
  })

  test('normal has its mean and standard deviation', () => {
    const samples = samplesOf({ kind: 'normal', meanMs: 300, deviationMs: 50, maxMs: undefined })
    isNear(mean(samples), 300, 0.01)
    isNear(Math.sqrt(mean(samples.map((sample) => (sample - 300) ** 2))), 50, 0.02)
    isNear(quantile(samples, 0.975), 300 + 1.95996 * 50, 0.01)
  })

  test('lognormal has its median, and a mean raised by its tail', () => {
    const samples = samplesOf({ kind: 'lognormal', medianMs: 200, sigma: 0.5, maxMs: undefined })
    isNear(quantile(samples, 0.5), 200, 0.01)
    isNear(quantile(samples, 0.99), 200 * Math.exp(0.5 * 2.32635), 0.03)
    isNear(mean(samples), 200 * Math.exp(0.125), 0.01)
  })

  test('pareto has its minimum and its tail', () => {
    const samples = samplesOf({ kind: 'pareto', minMs: 100, alpha: 3, maxMs: undefined })
    assert.ok((samples[0] as number) >= 100)
    isNear(mean(samples), 150, 0.02)
    isNear(quantile(samples, 0.99), 100 / 0.01 ** (1 / 3), 0.03)
  })

  test('percentiles match the measured points, with straight lines between them', () => {
    const points = [
      { percentile: 50, ms: 164 },
      { percentile: 99, ms: 438 },
      { percentile: 100, ms: 900 },
    ]
    const samples = samplesOf({ kind: 'percentiles', points })
    assert.equal(samples[0], 164)
    isNear(quantile(samples, 0.745), 301, 0.02)
    isNear(quantile(samples, 0.99), 438, 0.03)
    assert.ok((samples.at(-1) as number) <= 900)
  })
})
