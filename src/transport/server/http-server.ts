import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { http } from '../../kit/node-http.ts'

/** What a front allows its clients. */
export interface ListenLimits {
  readonly maxConnections: number
  readonly maxHeaderBytes: number
  readonly maxHeaderCount: number
  readonly headerTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
}

/** Node's server with these limits; `limitServer` has still to be called. */
export function newServer(shouldUpgradeCallback: (message: IncomingMessage) => boolean): Server {
  // A missing Host is refused as any other fault is: counted, logged, with problem details.
  const server = http.createServer({ noDelay: true, requireHostHeader: false, shouldUpgradeCallback })
  // Ours to refuse: Node would leave out what is beyond its limit and say nothing.
  server.maxHeadersCount = 0
  return server
}

/** Node keeps these two as plain properties of the server, though its types do not say so. */
type HiddenLimits = { maxHeaderSize: number; connectionsCheckingInterval: number }

/**
 * Sets the limits, at any time: those on time hold at once, for what is waited for already too; the size of the header and
 * the number of connections for new connections; how long an unused one is kept, from its next answer on.
 */
export function limitServer(server: Server, limits: ListenLimits): void {
  server.maxConnections = limits.maxConnections
  // Node takes no longer one for the header than for the whole.
  server.headersTimeout = Math.min(limits.headerTimeoutMs, limits.requestTimeoutMs)
  server.requestTimeout = limits.requestTimeoutMs
  server.keepAliveTimeout = limits.keepAliveMs
  const hidden = server as Server & HiddenLimits
  hidden.maxHeaderSize = limits.maxHeaderBytes
  hidden.connectionsCheckingInterval = Math.min(1000, limits.headerTimeoutMs)
  // Has Node look after slow connections, in the new interval; it does nothing else at this event.
  server.emit('listening')
}

/** The answer that is under way on a connection. Node keeps it there, though its types do not say so. */
export function answeringOn(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}
