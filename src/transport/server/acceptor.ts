import { createServer } from 'node:net'
import { StartupError } from '../../kit/startup-error.ts'
import type { ListenerOptions, ListenOptions } from './front-options.ts'
import { type Listener, listen } from './listener.ts'
import type { ListenSection } from './options.ts'

/** How a thread gets its clients' connections. */
export interface Acceptor {
  open(options: ListenerOptions): Promise<Listener>
  /** Returns the same front if its address has not changed; otherwise a new one beside the old, with these options. */
  move(front: Listener, options: ListenerOptions): Promise<Listener>
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
  const open = async (options: ListenerOptions, at: number): Promise<Listener> => {
    const { host, port: wanted } = options.listen
    const front = await listen({ ...options, listen: { ...options.listen, port: at, reusePort: isShared } })
    wantedBy.set(front, { host, port: wanted })
    return front
  }
  return {
    open: (options) => open(options, port ?? options.listen.port),
    move: async (front, options) => {
      const { host, port: wanted } = options.listen
      // A front opened on port 0 already listens on the port it was given.
      const opened = wantedBy.get(front)
      const isSamePort = wanted === opened?.port || wanted === front.address.port
      if (host === opened?.host && isSamePort) return front
      // Each thread would be given a different port.
      if (isShared && wanted === 0) {
        throw new StartupError('listen.port cannot become 0 while workers share it', ['listen', 'port'])
      }
      return open(options, wanted)
    },
  }
}

export function listenOptions(options: ListenSection): ListenOptions {
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
