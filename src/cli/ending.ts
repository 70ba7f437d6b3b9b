import type { Log } from './log.ts'

/** SIGHUP too: a terminal that closes must not cut calls off. */
const signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

/**
 * The first signal of SIGTERM, SIGINT and SIGHUP ends things well, the second at once. Resolves when the end has come; `end` is what has
 * to be done for it.
 */
export function untilSignalled(log: Log, end: () => Promise<void>): Promise<void> {
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
    for (const signal of signals) process.on(signal, onSignal)
  })
}
