import inspector from 'node:inspector'
import { isatty } from 'node:tty'
import { hadTerminal, takeSignals } from './held-signals.cjs'
import type { Log } from './log.ts'

const errorOutput = 2

/** Signals for a command that runs until one ends it. */
export interface Signals {
  /** Aborted by the first SIGTERM or SIGINT, also during start-up. A second one exits the process immediately. */
  readonly end: AbortSignal
  /** Resolves when `end` is aborted. */
  readonly ended: Promise<void>
  /** Calls the listener on each SIGHUP, and immediately if one has already arrived. */
  onHangUp(listener: () => void): void
}

/**
 * Takes over signals from `held-signals.cjs`. A closing terminal acts like SIGTERM, as it must not cut off calls.
 * SIGUSR1 reopens the log file, as in nginx; without a listener it would open Node's inspector, and SIGUSR2 would end
 * the process.
 */
export function signalsOf(log: Log): Signals {
  closeUnasked()
  const controller = new AbortController()
  const { signal: end } = controller
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let hangUp: (() => void) | undefined
  let hungUpEarly = false

  const endBy = (signal: NodeJS.Signals): void => {
    if (end.aborted) {
      log.info(`second ${signal}: exiting at once`)
      process.exit(1)
    }
    log.info(`${signal}: draining; send it again to exit at once`)
    controller.abort()
    resolve()
  }

  takeSignals((signal) => {
    if (signal === 'SIGUSR1') log.reopen()
    else if (signal === 'SIGUSR2') log.warn('SIGUSR2 is ignored: SIGHUP reloads, SIGUSR1 reopens the log file')
    else if (signal !== 'SIGHUP' || (hadTerminal && !isatty(errorOutput))) endBy(signal)
    else if (end.aborted) log.info('SIGHUP is ignored during shutdown')
    else if (hangUp === undefined) hungUpEarly = true
    else hangUp()
  })

  return {
    end,
    ended,
    onHangUp: (listener) => {
      hangUp = listener
      if (hungUpEarly && !end.aborted) listener()
    },
  }
}

/** Closes the inspector, which a SIGUSR1 opens if it arrives before Node runs any JavaScript. */
function closeUnasked(): void {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? '']
  if (inspector.url() !== undefined && !options.some((option) => option.includes('--inspect'))) inspector.close()
}
