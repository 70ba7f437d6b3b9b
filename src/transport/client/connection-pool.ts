import { isIP } from 'node:net'
import type { Clock } from '../../kit/clock.ts'
import { Connection, type Endpoint, hostOf, loadTls, serverNameOf } from './connection.ts'
import { Addresses } from './dns-cache.ts'
import type { ResolveName } from './lookups.ts'

export interface ConnectionOptions {
  readonly connectTimeoutMs: number
  /** How long an unused connection is kept; a target's own Keep-Alive hint shortens or lengthens it. */
  readonly keepAliveMs: number
  /** How often a name is resolved again; default 30 s. */
  readonly resolveEveryMs?: number
  /** Replaces the system's name resolution. */
  readonly resolve?: ResolveName
}

const defaultResolveEveryMs = 30_000

/** Subtracted from a target's hint: near its end, the target may close while a request is on its way. */
const hintMarginMs = 2000
const maxKeepAliveMs = 600_000

/** The connections to one target. Reuses the most recently used one first, in O(1). */
export class ConnectionPool {
  readonly #endpoint: Endpoint
  readonly #keepAliveMs: number
  readonly #idle: Connection[] = []
  readonly #open = new Set<Connection>()
  isDestroyed = false

  /** `hostField`: the `Host` of its requests, which the certificate has to name. */
  constructor(origin: string, hostField: string, options: ConnectionOptions, clock: Clock) {
    const url = new URL(origin)
    const isTls = url.protocol === 'https:'
    this.#keepAliveMs = options.keepAliveMs
    const host = hostOf(url)
    const { resolveEveryMs: everyMs = defaultResolveEveryMs, resolve } = options
    this.#endpoint = {
      host,
      addresses: isIP(host) === 0 ? new Addresses({ host, everyMs, clock, resolve }) : undefined,
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      tls: isTls ? loadTls() : undefined,
      serverName: serverNameOf(hostField),
      connectTimeoutMs: options.connectTimeoutMs,
      clock,
      session: undefined,
    }
  }

  get openCount(): number {
    return this.#open.size
  }

  get idleCount(): number {
    return this.#idle.length
  }

  take(): Connection {
    const { addresses } = this.#endpoint
    addresses?.refresh()
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      idle.idleIndex = -1
      if (idle.isSound && (addresses === undefined || isAmong(idle, addresses))) return idle
      idle.close()
    }
    return this.connect(false)
  }

  /** Opens a new connection even if others are idle. `asStream`: for an upgrade. */
  connect(asStream: boolean): Connection {
    const connection = new Connection(this.#endpoint, asStream, this.#forget)
    this.#open.add(connection)
    return connection
  }

  /** The exchange has ended normally; the connection may serve the next one. */
  giveBack(connection: Connection): void {
    if (connection.isClosed) return
    const { keepsAlive, keepAliveHintMs } = connection.reader
    const keptMs =
      keepAliveHintMs === undefined ? this.#keepAliveMs : Math.min(keepAliveHintMs - hintMarginMs, maxKeepAliveMs)
    if (!keepsAlive || keptMs <= 0 || !connection.isSound) {
      connection.close()
      return
    }
    connection.used = true
    connection.idleIndex = this.#idle.length
    this.#idle.push(connection)
    const expiresAtMs = this.#endpoint.clock.now() + keptMs
    connection.expiresAtMs = expiresAtMs
    // One timer lasts through many exchanges, and is set again if it fires too early.
    if (connection.expiry === undefined || connection.expiryAtMs > expiresAtMs) this.#expire(connection, keptMs)
  }

  destroyAll(): void {
    this.isDestroyed = true
    for (const connection of this.#open) connection.abandon()
  }

  #expire(connection: Connection, afterMs: number): void {
    const { clock } = this.#endpoint
    connection.expiry?.cancel()
    connection.expiryAtMs = connection.expiresAtMs
    connection.expiry = clock.after(afterMs, () => {
      connection.expiry = undefined
      // In use: `giveBack` sets a new timer.
      if (connection.idleIndex < 0) return
      const leftMs = connection.expiresAtMs - clock.now()
      if (leftMs > 0) this.#expire(connection, leftMs)
      else connection.close()
    })
  }

  readonly #forget = (connection: Connection): void => {
    this.#open.delete(connection)
    const index = connection.idleIndex
    if (index < 0) return
    connection.idleIndex = -1
    const last = this.#idle.pop() as Connection
    if (last === connection) return
    this.#idle[index] = last
    last.idleIndex = index
  }
}

/** Whether the name still has the address of the connection. */
function isAmong(connection: Connection, addresses: Addresses): boolean {
  if (connection.generation === addresses.generation) return true
  connection.generation = addresses.generation
  return addresses.has(connection.socket.remoteAddress ?? '')
}
