import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type FailureCode, failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue, headerValues } from '../../core/headers.ts'
import { failed } from '../../core/outcome.ts'
import type { CallTrace } from '../../core/trace.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { refuseMalformed } from './client-errors.ts'
import { ConnectionCounts, type ConnectionFigures } from './connection-counts.ts'
import { defaultFailurePolicy } from './failure-response.ts'
import type { TrustedProxies } from './proxies.ts'
import { clientRequestId, readRequest, readTarget } from './read-request.ts'
import type { Resolve, Resolved, RouteHandler } from './route-handler.ts'
import { Serving } from './serving.ts'
import { WaitingUpgrade } from './upgrade.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly maxConnections: number
  readonly maxHeaderBytes: number
  readonly maxHeaderCount: number
  readonly headerTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
}

export interface ListenerOptions {
  readonly listen: ListenOptions
  readonly resolve: Resolve
  readonly proxies: TrustedProxies
  readonly clock: Clock
  readonly events: EventBus
  readonly newId: () => string
  /** Decides whether a call is traced; without it none is. */
  readonly traceOf?: ((headers: HeaderPairs) => CallTrace | undefined) | undefined
  readonly logFault: (fault: unknown, call: LiveCall) => void
}

export interface Listener {
  readonly address: AddressInfo
  /** Calls that have not ended. */
  inFlight(): number
  connections(): Promise<number>
  figures(): ConnectionFigures
  /**
   * Takes no more connections, closes idle ones; resolves when the last call has ended. As long as `needed` is not
   * resolved, connections are taken for what calls in flight depend on, all else gets `DRAINING`, and it goes on.
   */
  drain(needed?: Promise<void>): Promise<void>
  /** Closes everything at once. */
  close(): Promise<void>
}

/** Opens the front: clients' connections in, calls out. Rejects if the address cannot be listened on. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const front = new Front(options)
  await front.open()
  return front
}

/** How long a client whose upgrade was refused may take to close. */
const refusedUpgradeMs = 2000

class Front implements Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  /** Connections that are no longer the server's: upgraded ones. */
  readonly #upgraded = new Set<Duplex>()
  readonly #counts: ConnectionCounts
  #inFlight = 0
  #draining = false
  /** Resolved when, once it drains, no call is in flight any more. */
  readonly #idle = Promise.withResolvers<void>()

  constructor(options: ListenerOptions) {
    this.#options = options
    const { listen: limits } = options
    this.#server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      // Node takes no longer one for the header than for the whole.
      headersTimeout: Math.min(limits.headerTimeoutMs, limits.requestTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, limits.headerTimeoutMs),
      noDelay: true,
      shouldUpgradeCallback: (message) => this.#upgrades(message),
    })
    // Ours to refuse: Node would leave out what is beyond its limit and say nothing.
    this.#server.maxHeadersCount = 0
    this.#server.maxConnections = limits.maxConnections
    this.#counts = new ConnectionCounts(this.#server)
    this.#server.on('request', (message, response) => this.#serve(message, response, undefined))
    this.#server.on('checkContinue', (message, response) => this.#serve(message, response, undefined, true))
    this.#server.on('upgrade', (message, socket, head) => this.#serveUpgrade(message, socket, head))
    this.#server.on('clientError', (error, socket) => {
      const status = refuseMalformed(error, socket, options.newId())
      if (status !== undefined) this.#counts.answeredMalformed(status)
    })
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo
  }

  open(): Promise<void> {
    const { host, port } = this.#options.listen
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: 4096 }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  inFlight(): number {
    return this.#inFlight
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  }

  figures(): ConnectionFigures {
    return this.#counts.figures(this.#inFlight)
  }

  drain(needed?: Promise<void>): Promise<void> {
    this.#draining = true
    if (needed === undefined) this.#refuseAll()
    else void needed.then(() => this.#refuseAll())
    return this.#idle.promise
  }

  close(): Promise<void> {
    this.#idle.resolve()
    return new Promise((resolve) => {
      if (!this.#server.listening) resolve()
      else this.#server.close(() => resolve())
      for (const socket of this.#upgraded) socket.destroy()
      this.#server.closeAllConnections()
    })
  }

  #upgrades(message: IncomingMessage): boolean {
    // Anything else (h2c) would be a way past routes and deadlines; it is served as if it had not asked.
    if (message.method !== 'GET' || message.headers.upgrade?.toLowerCase() !== 'websocket') return false
    const target = readTarget(message.url ?? '/')
    if ('code' in target) return false
    const resolved = this.#options.resolve(message.method, target.path)
    return resolved.found && resolved.handler.upgrades
  }

  #serveUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#upgraded.delete(socket))
    const before = (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
    if (before !== undefined) {
      // Sent behind a request that has no answer yet: nobody does so who waits for the upgrade.
      before.once('close', () => socket.destroy())
      return
    }
    const response = new ServerResponse(message)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    const waiting = new WaitingUpgrade(socket, head)
    response.on('finish', () => {
      // It was refused. Whoever does not close then is closed.
      socket.end()
      const timer = this.#options.clock.after(refusedUpgradeMs, () => socket.destroy())
      socket.on('close', () => timer.cancel())
    })
    socket.on('close', () => response.destroy())
    this.#serve(message, response, waiting)
  }

  #serve(message: IncomingMessage, response: ServerResponse, upgrade: WaitingUpgrade | undefined, waits = false): void {
    this.#counts.requestOn(message.socket)
    const { clock, events, proxies, newId, traceOf, logFault } = this.#options
    const target = readTarget(message.url ?? '/')
    const resolved = this.#resolve(message, target)
    const handler = resolved.found ? resolved.handler : refusing(resolved)
    const id = clientRequestId(message, proxies) ?? newId()
    const request = readRequest(message, 'code' in target ? { path: '/', query: '', authority: undefined } : target, {
      requestId: id,
      proxies,
      params: resolved.found ? resolved.params : {},
      upgrade: upgrade === undefined ? undefined : 'websocket',
    })
    const call = new LiveCall({ id, route: handler.facts, clock, events, trace: traceOf?.(request.headers) })
    this.#inFlight++
    const serving = new Serving({
      message,
      response,
      request,
      call,
      handler,
      clock,
      upgrade,
      isDraining: () => this.#draining,
      logFault,
      onEnded: () => this.#callEnded(),
    })
    if (waits) continueOnceRead(message, response)
    serving.start()
  }

  #resolve(message: IncomingMessage, target: ReturnType<typeof readTarget>): Resolved {
    if ('code' in target) return { found: false, failure: target }
    if (message.httpVersionMajor !== 1) return refused('BAD_REQUEST', 'The protocol must be HTTP/1.0 or HTTP/1.1')
    if (headerValues(message.rawHeaders, 'host').length > 1)
      return refused('BAD_REQUEST', 'Host is given more than once')
    const coding = headerValue(message.rawHeaders, 'transfer-encoding')
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      return refused('BAD_REQUEST', 'The only Transfer-Encoding there is here is chunked')
    }
    const count = message.rawHeaders.length / 2
    const { maxHeaderCount } = this.#options.listen
    if (count > maxHeaderCount) {
      return refused('HEADER_TOO_LARGE', `The request header has ${count} fields; allowed: up to ${maxHeaderCount}`)
    }
    const resolved = this.#options.resolve(message.method ?? 'GET', target.path)
    if (!this.#draining || !this.#server.listening || !resolved.found || resolved.handler.servesWhileDraining) {
      return resolved
    }
    return refused('DRAINING', 'The gateway is shutting down')
  }

  #refuseAll(): void {
    this.#server.close()
    if (this.#inFlight === 0) this.#idle.resolve()
  }

  #callEnded(): void {
    this.#inFlight--
    if (this.#draining && !this.#server.listening && this.#inFlight === 0) this.#idle.resolve()
  }
}

function refused(code: FailureCode, detail: string): Resolved {
  return { found: false, failure: failure(code, detail) }
}

/** The client holds its body back until it hears that it is wanted (RFC 9110, 10.1.1): when somebody begins to read it. */
function continueOnceRead(message: IncomingMessage, response: ServerResponse): void {
  message.once('resume', () => {
    if (!response.headersSent) response.writeContinue()
  })
}

/** Requests that no route serves are calls too: they are answered, counted and logged like all others. */
function refusing(resolved: Extract<Resolved, { found: false }>): RouteHandler {
  return {
    facts: { name: 'none', strategy: 'none', idleTimeoutMs: 30_000 },
    service: () => Promise.resolve(failed(resolved.failure)),
    failures: defaultFailurePolicy,
    explain: false,
    upgrades: false,
    servesWhileDraining: false,
  }
}
