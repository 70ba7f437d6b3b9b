import type { AbortListener, AbortScope } from '../core/abort.ts'
import type { Clock } from './clock.ts'

/** Resolves after the delay, or immediately when the scope is aborted. */
export function sleep(delayMs: number, clock: Clock, scope: AbortScope): Promise<void> {
  return new Promise((resolve) => {
    const listener: AbortListener = {
      onAbort: () => {
        timer.cancel()
        resolve()
      },
    }
    const timer = clock.after(delayMs, () => {
      scope.remove(listener)
      resolve()
    })
    scope.add(listener)
  })
}
