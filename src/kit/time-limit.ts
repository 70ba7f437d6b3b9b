import type { Clock, Timer } from './clock.ts'

/**
 * Runs `over` when the time that somebody else was given is over. What the thread stood still of it, when it could take
 * nothing from them, is given once more; only once, and no more than the limit, so that a thread that stands still again
 * and again gives up too.
 */
export function timeLimit(limitMs: number, clock: Clock, over: () => void): Timer {
  const stalledBeforeMs = clock.stalledMs()
  let timer = clock.after(limitMs, () => {
    const lostMs = Math.min(limitMs, clock.stalledMs() - stalledBeforeMs)
    if (lostMs > 0) timer = clock.after(lostMs, over)
    else over()
  })
  return { cancel: () => timer.cancel() }
}
