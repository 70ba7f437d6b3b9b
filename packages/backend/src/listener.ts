import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock, Timer } from './clock.ts'
import { Connections } from './connections.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0: any free port; kept from then on. */
  readonly port: number
  readonly clock: Clock
  readonly onRequest: RequestListener
}

/** How long to wait before trying our port again if another process took it while we refused. */
const retryMs = 20

/** A listening port that can be closed and reopened. Each opening has its own server. */
export class Listener {
  readonly connections = new Connections()
  readonly #options: ListenerOptions
  #port: number
  #server: Server | undefined
  #wantsOpen = false
  #turn: Promise<void> = Promise.resolve()
  #retry: { readonly timer: Timer; readonly proceed: () => void } | undefined

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#port = options.port
  }

  get port(): number {
    return this.#port
  }

  /** Listens for the first time; fails if the port is taken. */
  async start(): Promise<void> {
    this.#wantsOpen = true
    await this.#listen()
  }

  /** Listens again, as soon as the port is free. */
  async open(): Promise<void> {
    this.#wantsOpen = true
    this.#turn = this.#turn.then(() => this.#listenAgain())
    await this.#turn
  }

  /** Closes the port and every connection but one; when it returns, new connections are refused. */
  shut(except?: Socket): void {
    this.#wantsOpen = false
    this.#server?.close()
    this.#server = undefined
    this.connections.cutAll(except)
    this.#retry?.timer.cancel()
    this.#retry?.proceed()
  }

  /** Shuts, and waits until everything is closed. */
  async close(): Promise<void> {
    const server = this.#server
    const closed = server === undefined ? undefined : new Promise((resolve) => server.once('close', resolve))
    this.shut()
    await closed
    await this.#turn
  }

  async #listenAgain(): Promise<void> {
    while (this.#wantsOpen && this.#server === undefined) {
      try {
        await this.#listen()
      } catch {
        await new Promise<void>((proceed) => {
          this.#retry = { timer: this.#options.clock.after(retryMs, proceed), proceed }
        })
        this.#retry = undefined
      }
    }
  }

  async #listen(): Promise<void> {
    const server = createBackendServer(this.#options.onRequest)
    server.on('connection', this.connections.add)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      // The longest backlog that Linux allows, so that thousands of connections may arrive at once.
      server.listen({ port: this.#port, host: this.#options.host, backlog: 4096 }, resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    if (this.#wantsOpen) this.#server = server
    else server.close()
  }
}

/**
 * Clients' pools decide when an idle connection closes: 75 s (nginx's default) is longer than clients keep one, so a
 * request never meets a connection that is being closed here. All other timeouts are off: a simulated backend may be as
 * slow as its profile says.
 */
function createBackendServer(onRequest: RequestListener): Server {
  const server = createServer(
    { keepAliveTimeout: 75_000, headersTimeout: 0, requestTimeout: 0, connectionsCheckingInterval: 3_600_000 },
    onRequest,
  )
  server.timeout = 0
  server.maxRequestsPerSocket = 0
  return server
}
