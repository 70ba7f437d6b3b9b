import type { Clock } from './clock.ts'

/** Waits no longer than this. */
export async function within(limitMs: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const { promise: timeIsUp, resolve: stopWaiting } = Promise.withResolvers<void>()
  const timer = clock.after(limitMs, stopWaiting)
  try {
    await Promise.race([work, timeIsUp])
  } finally {
    timer.cancel()
  }
}
