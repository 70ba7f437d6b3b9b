import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { type Gateway, type GatewayDeps, startGateway } from '../gateway/gateway.ts'
import { StartFault } from '../gateway/start-fault.ts'
import { systemClock } from '../kit/clock.ts'
import { systemRandom } from '../kit/random.ts'
import { exitCodes } from './exit-codes.ts'
import type { Log } from './log.ts'
import { version } from './version.ts'

/** The gateway, or undefined once it is said why it cannot run. */
export async function start(
  config: Config,
  file: string,
  log: Log,
  more: Partial<Pick<GatewayDeps, 'backends' | 'reload'>> = {},
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
      logFault: (fault, about) => log.error(`${about} met a fault of the gateway`, fault),
    })
  } catch (fault) {
    log.error(explain(fault, config, file))
    process.exitCode = exitCodes.runtimeFault
    return undefined
  }
}

export function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Which setting to change when an address cannot be listened on. */
function explain(fault: unknown, config: Config, file: string): string {
  if (!(fault instanceof Error)) return String(fault)
  if (fault instanceof StartFault) return fault.message
  const { code, port, address } = fault as NodeJS.ErrnoException & { port?: number; address?: string }
  const section = port === config.admin?.port && port !== config.listen.port ? 'admin' : 'listen'
  if (code === 'EADDRINUSE') return `port ${port} on ${address} is taken: set ${section}.port in ${file} to another`
  if (code === 'EACCES')
    return `port ${port} needs rights that this process lacks: set ${section}.port in ${file} above 1023`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `${address ?? 'the address'} is none of this machine: set ${section}.host in ${file}`
  }
  return fault.stack ?? fault.message
}
