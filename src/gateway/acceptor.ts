import { createServer } from 'node:net'
import type { Config } from '../config/schema.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { FrontOptions, ListenOptions } from '../transport/server/front-options.ts'
import { type Listener, listen } from '../transport/server/listener.ts'

type Rules = FrontOptions

/** How clients' connections come in to a thread. */
export interface Acceptor {
  open(config: Config, rules: Rules): Promise<Listener>
  /** The same front if its address stays; else a new one, beside it for the time. */
  move(front: Listener, config: Config, rules: Rules): Promise<Listener>
  close?(): void
}

export interface OwnAcceptorOptions {
  /** Others listen at the same port. */
  readonly isShared: boolean
  /** Once another thread has found one, where the configuration takes any (0). */
  readonly port?: number | undefined
}

/** A listening socket of the thread's own. */
export function ownAcceptor({ isShared, port }: OwnAcceptorOptions): Acceptor {
  let opened = { host: '', port: 0 }
  const open = async (config: Config, rules: Rules, at: number): Promise<Listener> => {
    const { host, port: wanted } = config.listen
    const front = await listen({ ...rules, listen: { ...listenOptions(config), port: at, reusePort: isShared } })
    opened = { host, port: wanted }
    return front
  }
  return {
    open: (config, rules) => open(config, rules, port ?? config.listen.port),
    move: async (front, config, rules) => {
      const { host, port: wanted } = config.listen
      // Where it was any port, the one that was found is the same.
      const isSamePort = wanted === opened.port || wanted === front.address.port
      if (host === opened.host && isSamePort) return front
      // Each thread would find another one.
      if (isShared && wanted === 0) {
        throw new StartupError('listen.port cannot become 0 while workers share it', ['listen', 'port'])
      }
      return open(config, rules, wanted)
    },
  }
}

export function listenOptions({ listen: options }: Config): ListenOptions {
  return {
    host: options.host,
    port: options.port,
    maxConnections: options.maxConnections,
    maxHeaderBytes: options.headerSize,
    maxHeaderCount: options.headerCount,
    // Node takes whole milliseconds.
    headerTimeoutMs: Math.ceil(options.headerTimeout),
    requestTimeoutMs: Math.ceil(options.requestTimeout),
    keepAliveMs: Math.ceil(options.keepAlive),
  }
}

/**
 * Rejects if somebody else listens there: listeners that share a port would share it with another gateway of the same
 * user as well, and nobody would be told.
 */
export async function checkFree({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, resolve)
  })
  await new Promise((resolve) => server.close(resolve))
}
