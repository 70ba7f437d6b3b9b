import type { Clock, Timer } from './clock.ts'

/**
 * Runs `over` when a peer's time limit expires. Time during which this thread was stalled, and so could receive
 * nothing, is granted again: once, and at most the limit, so that a thread that stalls again and again gives up too.
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
