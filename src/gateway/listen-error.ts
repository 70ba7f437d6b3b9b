import type { Config } from '../config/schema.ts'
import { StartupError } from '../kit/startup-error.ts'

/** Why an address cannot be listened on, and which setting to change; undefined for any other error. */
export function listenError(error: unknown, config: Config, file = 'the configuration'): StartupError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  const section = port === config.admin?.port && port !== config.listen.port ? 'admin' : 'listen'
  const refuse = (setting: 'port' | 'host', text: string): StartupError => new StartupError(text, [section, setting])
  if (code === 'EADDRINUSE') {
    return refuse('port', `port ${port} on ${address} is taken: set ${section}.port in ${file} to another`)
  }
  if (code === 'EACCES') {
    return refuse(
      'port',
      `port ${port} requires privileges that this process lacks: set ${section}.port in ${file} above 1023`,
    )
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return refuse(
      'host',
      `${address ?? 'the address'} is not an address of this machine: set ${section}.host in ${file}`,
    )
  }
  return undefined
}
