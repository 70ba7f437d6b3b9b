import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import type { GatewayDeps } from '../gateway/gateway-deps.ts'
import { listenError } from '../gateway/listen-error.ts'
import { systemClock } from '../kit/clock.ts'
import { systemRandom } from '../kit/random.ts'
import { StartupError } from '../kit/startup-error.ts'
import { exitCodes } from './exit-codes.ts'
import type { Log } from './log.ts'
import { version } from './version.ts'

/** Starts the gateway; undefined after logging why it cannot run, or if it was stopped during start-up. */
export async function start(
  config: Config,
  file: string,
  log: Log,
  more: Partial<Pick<GatewayDeps, 'backends' | 'reload' | 'stop'>> = {},
): Promise<Gateway | undefined> {
  try {
    return await startGateway(config, {
      clock: systemClock(),
      random: systemRandom,
      folder: dirname(file),
      version,
      ...more,
      log: (text, level = 'info') => log[level](text),
      logLine: log.line,
      logDropped: log.dropped,
      reportBug: (error, about) => log.error(`internal error: ${about}`, error),
    })
  } catch (error) {
    if (more.stop?.aborted === true) return undefined
    log.error(explain(error, config, file))
    process.exitCode = exitCodes.runtimeError
    return undefined
  }
}

export function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function explain(error: unknown, config: Config, file: string): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof StartupError) return error.message
  return listenError(error, config, file)?.message ?? error.stack ?? error.message
}
