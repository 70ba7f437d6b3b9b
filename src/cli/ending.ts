import { isatty } from 'node:tty'
import type { Log } from './log.ts'

const errorOutput = 2

const signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']

/**
 * The first SIGTERM or SIGINT ends things well, the second at once; so does a terminal that closes, as it must not cut
 * calls off. Any other SIGHUP is `hangUp`'s. Resolves when the end has come; `end` is what has to be done for it.
 */
export function untilSignalled(log: Log, end: () => Promise<void>, hangUp: () => void = () => {}): Promise<void> {
  const hasTerminal = isatty(errorOutput)
  return new Promise((resolve, reject) => {
    let ending = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (ending) {
        log.info(`${signal} again: ending at once`)
        process.exit(1)
      }
      ending = true
      log.info(`${signal}: no new connections; calls in flight may end (once more ends at once)`)
      end().then(() => {
        for (const signal of signals) process.off(signal, onSignal)
        resolve()
      }, reject)
    }
    // Of a terminal that is gone nothing can be asked any more.
    const onHangUp = (): void => (hasTerminal && !isatty(errorOutput) ? onSignal('SIGHUP') : hangUp())
    for (const signal of signals) process.on(signal, onSignal)
    process.on('SIGHUP', onHangUp)
  })
}
