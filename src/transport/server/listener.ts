import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { failure } from '../../core/failure.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { http } from '../../kit/node-http.ts'
import { messageProblem, refusing } from './check-message.ts'
import { ConnectionCounts, type ConnectionFigures } from './connection-counts.ts'
import type { FrontOptions, FrontRules, ListenerOptions, ListenOptions } from './front-options.ts'
import { type Generation, Generations } from './generations.ts'
import { limitServer, newServer } from './http-server.ts'
import { Intake } from './intake.ts'
import { clientRequestId, readRequest, readTarget } from './read-request.ts'
import type { Resolved } from './route-handler.ts'
import { Serving } from './serving.ts'
import { stopListening } from './stop-listening.ts'
import { WaitingUpgrade } from './upgrade.ts'

export interface Listener {
  /** Unchanged after the socket is closed. */
  readonly address: AddressInfo
  /** Calls that have not ended. */
  inFlight(): number
  connections(): Promise<number>
  figures(): ConnectionFigures
  /**
   * Serves calls by these rules from now on; closes no connection. Resolves when the last call that began earlier has
   * ended (upgraded connections included): resources that only the old rules use may be freed then.
   */
  update(rules: FrontRules): Promise<void>
  /**
   * Ends gently while others keep listening on the port: accepts no more connections, but cuts none. Every further
   * answer says `Connection: close`, and connections unused for `keepAlive` are closed. Resolves when none is left.
   */
  retire(): Promise<void>
  /**
   * Accepts no more connections, closes idle ones; resolves when the last call has ended. Until `needed` resolves,
   * connections are still accepted for routes that calls in flight depend on; all other requests get `DRAINING`.
   */
  drain(needed?: Promise<void>): Promise<void>
  /** Closes everything at once. */
  close(): Promise<void>
}

/** Opens the front: client connections in, calls out. Rejects if it cannot listen on the address. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const front = new Front(options)
  await front.open(options.listen)
  return front
}

/** How long a client whose upgrade was refused may take to close. */
const refusedUpgradeMs = 2000

class Front implements Listener {
  readonly #options: FrontOptions
  readonly #server: Server
  /** Upgraded connections: Node's server no longer tracks them. */
  readonly #upgraded = new Set<Duplex>()
  readonly #counts: ConnectionCounts
  readonly #generations = new Generations()
  readonly #intake: Intake
  #rules: FrontRules
  #address: AddressInfo = { address: '', family: '', port: 0 }
  #inFlight = 0
  /** Every answer is the last on its connection. */
  #isEnding = false
  #draining = false
  /** No connection can arrive any more, so draining no longer refuses requests. */
  #isShut = false
  #isClosed = false
  /** Resolved when the front is draining and no call is in flight. */
  readonly #idle = Promise.withResolvers<void>()
  /** Resolved when the front is retired and no connection is left. */
  #left: PromiseWithResolvers<void> | undefined

  constructor(options: FrontOptions) {
    this.#options = options
    this.#rules = options
    this.#server = newServer((message) => this.#intake.upgrades(message))
    this.#counts = new ConnectionCounts(this.#server, {
      onClosed: () => this.#checkLeft(),
      ofAll: options.connections,
      onAcceptFailed: options.onAcceptFailed,
    })
    this.#intake = new Intake(this.#server, {
      clock: options.clock,
      newId: options.newId,
      counts: this.#counts,
      serve: (message, response) => this.#serve(message, response, undefined),
      upgrades: (message) => this.#upgrades(message),
    })
    this.#server.on('request', (message, response) => {
      if (this.#intake.admits(message, response, false)) this.#serve(message, response, undefined)
    })
    this.#server.on('checkContinue', (message, response) => {
      if (this.#intake.admits(message, response, true)) this.#serve(message, response, undefined)
    })
    this.#server.on('upgrade', (message, socket, head) => this.#serveUpgrade(message, socket, head))
    limitServer(this.#server, options.listen)
  }

  get address(): AddressInfo {
    return this.#address
  }

  open({ host, port, reusePort = false }: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        this.#closeServer()
        reject(error)
      }
      this.#server.once('error', failed)
      this.#server.listen({ host, port, reusePort, backlog: 4096 }, () => {
        this.#server.off('error', failed)
        this.#address = this.#server.address() as AddressInfo
        resolve()
      })
    })
  }

  inFlight(): number {
    return this.#inFlight
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => {
        if (error === null) resolve(count)
        else reject(error)
      })
    })
  }

  figures(): ConnectionFigures {
    return this.#counts.figures(this.#inFlight)
  }

  update(rules: FrontRules): Promise<void> {
    this.#rules = rules
    if (!this.#isClosed) limitServer(this.#server, rules.listen)
    return this.#generations.turn()
  }

  retire(): Promise<void> {
    if (this.#left !== undefined) return this.#left.promise
    const left = Promise.withResolvers<void>()
    this.#left = left
    this.#isEnding = true
    void stopListening(this.#server, () => this.#counts.arrived, this.#options.clock).then(() => {
      this.#isShut = true
      this.#checkLeft()
    })
    return left.promise
  }

  drain(needed?: Promise<void>): Promise<void> {
    this.#draining = true
    this.#isEnding = true
    if (needed === undefined) this.#refuseAll()
    else void needed.then(() => this.#refuseAll())
    return this.#idle.promise
  }

  close(): Promise<void> {
    this.#isShut = true
    this.#idle.resolve()
    return new Promise((resolve) => {
      if (this.#server.listening) this.#server.once('close', resolve)
      else resolve()
      this.#closeServer()
      for (const socket of this.#upgraded) socket.destroy()
      this.#server.closeAllConnections()
    })
  }

  #upgrades(message: IncomingMessage): boolean {
    const target = readTarget(message.url ?? '/')
    if ('code' in target) return false
    const resolved = this.#rules.resolve('GET', target.path)
    return resolved.found && resolved.handler.upgrades
  }

  #serveUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#upgraded.delete(socket))
    const response = new http.ServerResponse(message)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    const waiting = new WaitingUpgrade(socket, head)
    response.on('finish', () => {
      // The upgrade was refused. Close the connection if the client does not.
      socket.end()
      const timer = this.#options.clock.after(refusedUpgradeMs, () => socket.destroy())
      socket.on('close', () => timer.cancel())
    })
    socket.on('close', () => response.destroy())
    this.#serve(message, response, waiting)
  }

  #serve(message: IncomingMessage, response: ServerResponse, upgrade: WaitingUpgrade | undefined): void {
    this.#counts.requestOn(message.socket)
    const { clock, events, newId, reportBug, memory } = this.#options
    const { proxies, traceOf } = this.#rules
    const target = readTarget(message.url ?? '/')
    const problem = messageProblem(message, this.#rules.listen.maxHeaderCount)
    // Another hop may parse a malformed message differently, and so the bytes after it.
    if (problem?.code === 'BAD_REQUEST') this.#intake.endWith(message)
    const resolved =
      problem === undefined ? this.#resolve(message, target) : { found: false as const, failure: problem }
    const handler = resolved.found ? resolved.handler : refusing(resolved.failure)
    const id = clientRequestId(message, proxies) ?? newId()
    const request = readRequest(message, 'code' in target ? { path: '/', query: '', authority: undefined } : target, {
      requestId: id,
      proxies,
      params: resolved.found ? resolved.params : {},
      upgrade: upgrade === undefined ? undefined : 'websocket',
    })
    const trace = traceOf?.(request.headers)
    const call = new LiveCall({ id, route: handler.facts, clock, events, trace, memory })
    this.#inFlight++
    const generation = this.#generations.begin()
    const serving = new Serving({
      message,
      response,
      request,
      call,
      handler,
      clock,
      upgrade,
      isDraining: () => this.#isEnding,
      isLast: this.#intake.isLast(message),
      reportBug,
      onEnded: () => {
        // First, so that a drain also waits for the pipelined requests after this one.
        this.#intake.answered(message)
        this.#callEnded(generation)
      },
    })
    serving.start()
  }

  #resolve(message: IncomingMessage, target: ReturnType<typeof readTarget>): Resolved {
    if ('code' in target) return { found: false, failure: target }
    const resolved = this.#rules.resolve(message.method ?? 'GET', target.path)
    if (!this.#draining || this.#isShut || !resolved.found || resolved.handler.servesWhileDraining) return resolved
    return { found: false, failure: failure('DRAINING', 'The gateway is shutting down') }
  }

  #refuseAll(): void {
    this.#isShut = true
    this.#closeServer()
    if (this.#inFlight === 0) this.#idle.resolve()
  }

  /** Needed even if the server does not listen: it has a timer that checks for slow connections. */
  #closeServer(): void {
    this.#isClosed = true
    this.#server.close()
  }

  #callEnded(generation: Generation): void {
    this.#inFlight--
    this.#generations.end(generation)
    if (this.#draining && this.#isShut && this.#inFlight === 0) this.#idle.resolve()
    this.#checkLeft()
  }

  #checkLeft(): void {
    if (this.#left === undefined || !this.#isShut || this.#counts.open + this.#inFlight > 0) return
    this.#closeServer()
    this.#left.resolve()
  }
}
