import type { Random } from '../kit/random.ts'

export interface ScheduleOptions {
  readonly baseMs: number
  readonly maxMs: number
  readonly jitterMs: number
}

/** No `Retry-After` blocks a lane for longer. Envoy's outlier ejection has the same bound. */
const maxRetryAfterMs = 300_000

/** How long to wait before retry number `retry` (from 0), counted from the end of the attempt that failed. */
export function waitMs(
  options: ScheduleOptions,
  retry: number,
  retryAfterMs: number | undefined,
  random: Random,
): number {
  const backoffMs = Math.min(options.baseMs * 2 ** Math.min(retry, 52), options.maxMs) + random() * options.jitterMs
  return Math.max(backoffMs, Math.min(retryAfterMs ?? 0, maxRetryAfterMs))
}
