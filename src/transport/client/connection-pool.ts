import type { Socket } from 'node:net'
import { buildConnector, Client } from 'undici'

export interface ConnectionOptions {
  readonly connectTimeoutMs: number
  /** How long an unused connection is kept; a target's own Keep-Alive hint shortens or lengthens it. */
  readonly keepAliveMs: number
}

/** Of an answer; as much as Node's servers take of a request. */
const maxHeaderBytes = 16 * 1024

/** One connection to a target, used by one exchange at a time. */
export interface Connection {
  readonly client: Client
  /** Place in the list of idle ones; -1 while in use. */
  idleIndex: number
  closed: boolean
  /** While it connects, and after. */
  socket: Socket | undefined
  /** It has served an exchange before. */
  used: boolean
}

/**
 * The connections to one target. Ours instead of undici's Pool, which looks through all its connections at each
 * request: what was used last is used first, found in O(1), and a connection belongs to one exchange, so that to abort
 * an exchange frees its socket also while it is still connecting.
 */
export class ConnectionPool {
  readonly #origin: string
  readonly #options: ConnectionOptions
  readonly #connector: buildConnector.connector
  readonly #idle: Connection[] = []
  readonly #open = new Set<Connection>()

  constructor(origin: string, options: ConnectionOptions) {
    this.#origin = origin
    this.#options = options
    this.#connector = buildConnector({ timeout: options.connectTimeoutMs, allowH2: false })
  }

  get openCount(): number {
    return this.#open.size
  }

  get idleCount(): number {
    return this.#idle.length
  }

  take(): Connection {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      idle.idleIndex = -1
      // undici tells of a target's closing a turn later than the socket knows it.
      if (idle.socket?.destroyed !== true && idle.socket?.readableEnded !== true) return idle
      this.destroy(idle)
    }
    return this.connect()
  }

  /** The exchange has ended well, and the connection may serve the next. */
  giveBack(connection: Connection): void {
    if (connection.closed) return
    connection.used = true
    connection.idleIndex = this.#idle.length
    this.#idle.push(connection)
  }

  /** Closes the socket at once, whatever it is doing. */
  destroy(connection: Connection): void {
    this.#forget(connection)
    // undici lets a socket that still connects go on until it has connected.
    connection.socket?.destroy()
    // It rejects what is still queued, which has been told already.
    connection.client.destroy().catch(() => {})
  }

  /** The connection has become something else (an upgrade) and is the exchange's own now. */
  release(connection: Connection): void {
    this.#forget(connection)
    connection.socket = undefined
    connection.client.close().catch(() => {})
  }

  destroyAll(): void {
    for (const connection of this.#open) this.destroy(connection)
  }

  /** A new connection, whatever lies idle. */
  connect(): Connection {
    const client = new Client(this.#origin, {
      pipelining: 1,
      allowH2: false,
      connect: (options, callback) => {
        // The types leave out that the connector answers with its socket.
        connection.socket = this.#connector(options, callback) as unknown as Socket
      },
      keepAliveTimeout: this.#options.keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
      // Ours to judge: the deadline covers the head, `idleTimeout` the body.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const connection: Connection = { client, socket: undefined, idleIndex: -1, closed: false, used: false }
    this.#open.add(connection)
    client.on('disconnect', () => {
      // The socket has closed already, or become the exchange's own by an upgrade.
      connection.socket = undefined
      this.destroy(connection)
    })
    return connection
  }

  #forget(connection: Connection): void {
    if (connection.closed) return
    connection.closed = true
    this.#open.delete(connection)
    const index = connection.idleIndex
    if (index < 0) return
    const last = this.#idle.pop() as Connection
    if (last !== connection) {
      this.#idle[index] = last
      last.idleIndex = index
    }
    connection.idleIndex = -1
  }
}
