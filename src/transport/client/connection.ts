import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Clock, Timer } from '../../kit/clock.ts'
import { timeLimit } from '../../kit/time-limit.ts'
import { type AnswerHandler, AnswerReader } from './answer-reader.ts'
import type { Addresses } from './dns-cache.ts'
import type { ConnectionEnd } from './errors.ts'
import { type Piece, ReadBuffer } from './read-buffer.ts'

export type Tls = ReturnType<typeof loadTls>

/** Loaded on demand: it takes 8 MiB and 36 ms of CPU, and only TLS targets need it. */
export const loadTls = () => process.getBuiltinModule('node:tls')

/** An exchange as its connection sees it. */
export interface ConnectionUser extends AnswerHandler {
  /** The connection is open: the request may be sent. */
  onOpen(): void
  /** The socket accepts data again. */
  onDrain(): void
  /** All bytes of one read have been parsed. */
  onRead(): void
  /** The answer has ended. */
  onWholeRead(): void
  onInvalid(error: string): void
  onLost(end: ConnectionEnd | Error): void
}

export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Undefined for a target without TLS. */
  readonly tls: Tls | undefined
  /** Name that the certificate has to contain; empty if the host is an address. */
  readonly serverName: string
  /** Undefined if the host is an address. */
  readonly addresses: Addresses | undefined
  readonly connectTimeoutMs: number
  readonly clock: Clock
  /** TLS session of an earlier connection, to resume instead of a full handshake. */
  session: Buffer | undefined
}

/** Silence after which the kernel sends a keep-alive probe. */
const probeAfterMs = 60_000

/**
 * One connection to a target, used by one exchange at a time. It connects, reads answers (answer-reader.ts) and reports
 * to its user. It decides only one thing itself: unexpected bytes close it.
 */
export class Connection {
  readonly socket: Socket
  readonly reader = new AnswerReader()
  readonly #onClosed: (connection: Connection) => void
  readonly #buffer = new ReadBuffer()
  #user: ConnectionUser | undefined
  #connectTimer: Timer | undefined
  #error: Error | undefined
  isOpen = false
  isClosed = false
  /** Latest generation of the name's addresses known to include this connection's; -1 before the first check. */
  generation = -1
  /** It has served an exchange before. */
  used = false
  /** Index in the list of idle connections; -1 while in use. */
  idleIndex = -1
  /** When an idle connection has to be closed; on the gateway's clock. */
  expiresAtMs = 0
  expiry: Timer | undefined
  /** When `expiry` fires. */
  expiryAtMs = 0

  /** `asStream`: the socket will be handed on if the answer is an upgrade. */
  constructor(endpoint: Endpoint, asStream: boolean, onClosed: (connection: Connection) => void) {
    this.#onClosed = onClosed
    const { tls } = endpoint
    const isRaw = tls === undefined && !asStream
    const socket = tls === undefined ? this.#connectTcp(endpoint, isRaw) : this.#connectTls(endpoint, tls)
    this.socket = socket
    if (!isRaw) socket.on('data', this.#onData)
    socket
      .on(tls === undefined ? 'connect' : 'secureConnect', () => this.#opened())
      .on('drain', this.#onDrain)
      .on('end', this.#onEnd)
      .on('error', (error) => {
        this.#error = error
      })
      .on('close', () => this.#lost(this.#error ?? 'CLOSED'))
    this.#connectTimer = timeLimit(endpoint.connectTimeoutMs, endpoint.clock, () => {
      if (!this.isOpen) this.#lost('CONNECT_TIMEOUT')
    })
  }

  /** Neither side has closed it, as far as known. */
  get isSound(): boolean {
    return !this.isClosed && !this.socket.destroyed && !this.socket.readableEnded
  }

  use(user: ConnectionUser): void {
    this.#user = user
    if (this.isOpen) user.onOpen()
  }

  /** Returns bytes of the last read in a form that the caller may keep. */
  take(bytes: Buffer, from: number, to: number): Piece {
    return this.#buffer.take(bytes, from, to)
  }

  /** Closes the socket at once, whatever it is doing. */
  close(): void {
    if (this.isClosed) return
    this.#forget()
    this.socket.destroy()
  }

  /** Closes it even while in use; the user gets `onLost`. */
  abandon(): void {
    this.#lost('CLOSED')
  }

  /** Gives the open socket to the caller. */
  release(): Socket {
    this.#forget()
    // Bytes that arrive now wait until the new owner reads them.
    return this.socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd).pause()
  }

  #forget(): void {
    this.isClosed = true
    this.#user = undefined
    this.reader.stop()
    this.#connectTimer?.cancel()
    this.expiry?.cancel()
    this.#onClosed(this)
  }

  #connectTcp({ host, port, addresses }: Endpoint, isRaw: boolean): Socket {
    const lookup = addresses?.lookup
    const options = { host, port, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfterMs }
    // Bypasses the stream's buffer and events, which take 1 us of the 24 of a small answer.
    const callback = (length: number, bytes: Uint8Array): boolean => {
      this.#read(bytes as Buffer, length)
      return true
    }
    if (!isRaw) return connectTcp(options)
    return connectTcp({ ...options, onread: { buffer: this.#buffer.next as () => Buffer, callback } })
  }

  #connectTls(endpoint: Endpoint, tls: Tls): Socket {
    const { host, port, addresses, serverName, session } = endpoint
    const lookup = addresses?.lookup
    const options = { host, port, lookup, ALPNProtocols: ['http/1.1'], session }
    // The handshake may carry a name, but not an address (RFC 6066, 3).
    const socket = tls.connect(serverName === '' ? options : { ...options, servername: serverName })
    socket.on('session', (fresh) => {
      endpoint.session = fresh
    })
    return socket.setNoDelay(true).setKeepAlive(true, probeAfterMs)
  }

  #opened(): void {
    this.isOpen = true
    this.#buffer.opened()
    this.#connectTimer?.cancel()
    this.#connectTimer = undefined
    this.#user?.onOpen()
  }

  #read(bytes: Buffer, length: number): void {
    const { reader } = this
    const user = this.#user
    if (user === undefined || reader.isIdle) {
      // Bytes without a request.
      this.#lost('CLOSED')
      return
    }
    const taken = reader.read(bytes, length)
    if (this.isClosed) {
      // Released during `read`: the first bytes of the other protocol came with the answer.
      if (taken < length && !this.socket.destroyed) this.socket.unshift(Buffer.from(bytes.subarray(taken, length)))
      return
    }
    if (taken < 0) {
      this.close()
      user.onInvalid(reader.error)
    } else if (reader.isIdle) {
      // Bytes after an answer would be read as the next one.
      if (taken < length) this.close()
      this.#user = undefined
      this.#buffer.rest()
      user.onWholeRead()
    } else user.onRead()
  }

  readonly #onData = (bytes: Buffer): void => this.#read(bytes, bytes.length)

  readonly #onDrain = (): void => this.#user?.onDrain()

  readonly #onEnd = (): void => {
    const user = this.#user
    if (user !== undefined && this.reader.end()) {
      this.close()
      user.onWholeRead()
    } else this.#lost(this.#error ?? 'CLOSED')
  }

  #lost(end: ConnectionEnd | Error): void {
    if (this.isClosed) return
    const user = this.#user
    this.close()
    user?.onLost(end)
  }
}

/** The host of a URL as a socket takes it: without the brackets around an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
}

/** The name in a `Host` field or URL authority; empty for an address. */
export function serverNameOf(authority: string): string {
  const host = authority.startsWith('[') ? authority.slice(1, authority.indexOf(']')) : authority.replace(/:\d*$/, '')
  return isIP(host) === 0 ? host : ''
}
