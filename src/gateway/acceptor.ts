import { createServer } from 'node:net'
import type { Config } from '../config/schema.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { FrontOptions, ListenOptions } from '../transport/server/front-options.ts'
import { type Listener, listen } from '../transport/server/listener.ts'

type Rules = FrontOptions

/** How a thread gets its clients' connections. */
export interface Acceptor {
  open(config: Config, rules: Rules): Promise<Listener>
  /** Returns the same front if its address has not changed; otherwise a new one beside the old, with these rules. */
  move(front: Listener, config: Config, rules: Rules): Promise<Listener>
}

export interface OwnAcceptorOptions {
  /** Whether other threads listen on the same port. */
  readonly isShared: boolean
  /** The port another thread was given; set if `listen.port` is 0 (any free port). */
  readonly port?: number | undefined
}

/** A listening socket that belongs to this thread. */
export function ownAcceptor({ isShared, port }: OwnAcceptorOptions): Acceptor {
  /** The address that each front was opened for; its port may be 0. */
  const wantedBy = new WeakMap<Listener, { readonly host: string; readonly port: number }>()
  const open = async (config: Config, rules: Rules, at: number): Promise<Listener> => {
    const { host, port: wanted } = config.listen
    const front = await listen({ ...rules, listen: { ...listenOptions(config), port: at, reusePort: isShared } })
    wantedBy.set(front, { host, port: wanted })
    return front
  }
  return {
    open: (config, rules) => open(config, rules, port ?? config.listen.port),
    move: async (front, config, rules) => {
      const { host, port: wanted } = config.listen
      // A front opened on port 0 already listens on the port it was given.
      const opened = wantedBy.get(front)
      const isSamePort = wanted === opened?.port || wanted === front.address.port
      if (host === opened?.host && isSamePort) return front
      // Each thread would be given a different port.
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
 * Rejects if another process listens on the address. Listeners that share a port would also share it with another
 * gateway of the same user, and nobody would notice.
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
