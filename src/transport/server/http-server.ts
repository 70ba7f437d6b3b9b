import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { http } from '../../kit/node-http.ts'

/** Limits on the clients of a front. */
export interface ListenLimits {
  readonly maxConnections: number
  readonly maxHeaderBytes: number
  readonly maxHeaderCount: number
  readonly headerTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
}

/** Node's HTTP server, still without limits: call `limitServer`. */
export function newServer(shouldUpgradeCallback: (message: IncomingMessage) => boolean): Server {
  // The gateway refuses a missing Host itself, so that it is counted, logged and answered with problem details.
  const server = http.createServer({ noDelay: true, requireHostHeader: false, shouldUpgradeCallback })
  // The gateway checks the count itself: Node would silently drop the fields beyond its limit.
  server.maxHeadersCount = 0
  return server
}

/** Node keeps these two as plain properties of the server; its types omit them. */
type HiddenLimits = { maxHeaderSize: number; connectionsCheckingInterval: number }

/**
 * Sets the limits, at any time. Time limits apply at once, also to requests that are arriving; the header size and the
 * number of connections to new connections; the keep-alive time to each connection from its next answer on.
 */
export function limitServer(server: Server, limits: ListenLimits): void {
  server.maxConnections = limits.maxConnections
  // Node requires headersTimeout <= requestTimeout.
  server.headersTimeout = Math.min(limits.headerTimeoutMs, limits.requestTimeoutMs)
  server.requestTimeout = limits.requestTimeoutMs
  server.keepAliveTimeout = limits.keepAliveMs
  const hidden = server as Server & HiddenLimits
  hidden.maxHeaderSize = limits.maxHeaderBytes
  hidden.connectionsCheckingInterval = Math.min(1000, limits.headerTimeoutMs)
  // On this event Node starts its check for slow connections, with the new interval, and does nothing else.
  server.emit('listening')
}

/** The answer in progress on a connection. Node keeps it on the socket; its types omit it. */
export function answeringOn(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}
