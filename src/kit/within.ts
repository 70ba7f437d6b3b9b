import type { Clock } from './clock.ts'

/** Waits for the work, but no longer than `limitMs`. */
export async function within(limitMs: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const { promise: timeIsUp, resolve: stopWaiting } = Promise.withResolvers<void>()
  const timer = clock.after(limitMs, stopWaiting)
  try {
    await Promise.race([work, timeIsUp])
  } finally {
    timer.cancel()
  }
}
