import * as z from 'zod'
import { numberFrom, objectOf } from './allowed.ts'
import { normalQuantile } from './normal-quantile.ts'
import type { Random } from './random.ts'

/** A day: longer than any useful wait in a test or a demo. */
const longestMs = 86_400_000

const ms = (): z.ZodNumber => numberFrom(0, longestMs)
/** Truncates a long tail: longer latencies become this one. */
const maxMs = ms().optional()

const pointSchema = objectOf({ percentile: numberFrom(0, 100), ms: ms() }).readonly()
type Point = z.output<typeof pointSchema>

/**
 * How long an endpoint takes before it answers.
 * - `fixed`: always the same. 0 answers at once, without a timer.
 * - `uniform`: evenly distributed from `minMs` to `maxMs`.
 * - `normal`: a bell curve around `meanMs`; negative values become 0.
 * - `lognormal`: half of them under `medianMs`, with a tail that grows with `sigma` (0.5 is typical of a service).
 * - `pareto`: none under `minMs`, and a tail that is longer the smaller `alpha` is; under 2 it has no finite variance.
 * - `percentiles`: measured from a real service, with straight lines between the points.
 */
export const latencySchema = z.discriminatedUnion(
  'kind',
  [
    objectOf({ kind: z.literal('fixed'), ms: ms() }).readonly(),
    objectOf({ kind: z.literal('uniform'), minMs: ms(), maxMs: ms() })
      .refine((spec) => spec.minMs <= spec.maxMs, { path: ['minMs'], error: 'a number not above maxMs' })
      .readonly(),
    objectOf({ kind: z.literal('normal'), meanMs: ms(), deviationMs: ms(), maxMs }).readonly(),
    objectOf({ kind: z.literal('lognormal'), medianMs: ms(), sigma: numberFrom(0, 10), maxMs }).readonly(),
    objectOf({ kind: z.literal('pareto'), minMs: ms(), alpha: numberFrom(0.1, 100), maxMs }).readonly(),
    objectOf({
      kind: z.literal('percentiles'),
      points: z
        .array(pointSchema, { error: 'a list of { percentile, ms }' })
        .min(1, { error: 'at least one { percentile, ms }' })
        .refine(rises, { error: 'points whose percentiles rise and whose ms do not fall' })
        .readonly(),
    }).readonly(),
  ],
  { error: 'kind: one of fixed, uniform, normal, lognormal, pareto, percentiles' },
)

export type Latency = z.output<typeof latencySchema>

/**
 * Milliseconds, never negative. Every kind takes exactly one random number, so that a change of latency leaves all
 * other random choices of a seeded run unchanged.
 */
export function drawLatencyMs(spec: Latency, random: Random): number {
  const drawn = quantileMs(spec, random())
  return Math.min(Math.max(0, drawn), longestMs)
}

function quantileMs(spec: Latency, u: number): number {
  switch (spec.kind) {
    case 'fixed':
      return spec.ms
    case 'uniform':
      return spec.minMs + u * (spec.maxMs - spec.minMs)
    case 'normal':
      return capped(spec.meanMs + spec.deviationMs * normalQuantile(inside(u)), spec.maxMs)
    case 'lognormal':
      return capped(spec.medianMs * Math.exp(spec.sigma * normalQuantile(inside(u))), spec.maxMs)
    case 'pareto':
      return capped(spec.minMs / (1 - u) ** (1 / spec.alpha), spec.maxMs)
    case 'percentiles':
      return between(spec.points, u * 100)
  }
}

function capped(drawnMs: number, limitMs: number | undefined): number {
  return limitMs === undefined ? drawnMs : Math.min(drawnMs, limitMs)
}

/** A generator may return 0, whose normal quantile is minus infinity. */
function inside(u: number): number {
  return Math.max(u, 2 ** -33)
}

function between(points: readonly Point[], percentile: number): number {
  const first = points[0] as Point
  let below = first
  for (const point of points) {
    if (percentile < point.percentile) {
      if (point === first) return first.ms
      const way = (percentile - below.percentile) / (point.percentile - below.percentile)
      return below.ms + way * (point.ms - below.ms)
    }
    below = point
  }
  return below.ms
}

function rises(points: readonly Point[]): boolean {
  return points.every((point, i) => {
    const previous = points[i - 1]
    return previous === undefined || (previous.percentile < point.percentile && previous.ms <= point.ms)
  })
}
