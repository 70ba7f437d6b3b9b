import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import type { GatewayDeps } from '../gateway/gateway-deps.ts'
import { listenFault } from '../gateway/listen-fault.ts'
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
      reportBug: (fault, about) => log.error(`internal error: ${about}`, fault),
    })
  } catch (fault) {
    if (more.stop?.aborted === true) return undefined
    log.error(explain(fault, config, file))
    process.exitCode = exitCodes.runtimeFault
    return undefined
  }
}

export function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function explain(fault: unknown, config: Config, file: string): string {
  if (!(fault instanceof Error)) return String(fault)
  if (fault instanceof StartupError) return fault.message
  return listenFault(fault, config, file)?.message ?? fault.stack ?? fault.message
}
