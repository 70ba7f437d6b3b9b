import type { Random } from './random.ts'

/** Bounds of the wait before the next try. */
export interface FullJitterOptions {
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * "Full jitter": uniform in [0, min(max, base x 2^n)], n = 0 for the first wait. Among the variants compared, it
 * completes the retries of many clients with the least work (Marc Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015).
 */
export function fullJitterMs(options: FullJitterOptions, retriesBefore: number, random: Random): number {
  return random() * Math.min(options.maxMs, options.baseMs * 2 ** Math.min(retriesBefore, 52))
}
