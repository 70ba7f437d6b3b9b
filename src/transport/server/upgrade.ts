import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AbortListener, AbortScope } from '../../core/abort.ts'
import { http } from '../../kit/node-http.ts'

/** Most bytes that a client may send before its upgrade is granted. */
const maxEarlyBytes = 64 * 1024

/** Anything else (h2c, or a request with a body) would bypass routes and deadlines. */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return false
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

/** A client that waits for its upgrade. Its socket is read, because a hang-up would go unnoticed otherwise. */
export class WaitingUpgrade {
  readonly #socket: Duplex
  readonly #early: Buffer[]
  #earlyBytes: number

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket
    this.#early = [head]
    this.#earlyBytes = head.length
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
  }

  /** Call when the upgrade is granted; returns the bytes received so far. */
  take(): Buffer {
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    this.#socket.pause()
    return Buffer.concat(this.#early)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
    if (this.#earlyBytes > maxEarlyBytes) this.#socket.destroy()
  }

  readonly #onEnd = (): void => {
    this.#socket.destroy()
  }
}

export interface UpgradeOptions {
  readonly client: Duplex
  readonly target: Duplex
  /** Bytes that the client has sent after its header. */
  readonly head: Buffer | undefined
  /** The target's answer headers; the fields of the upgrade itself are added here. */
  readonly headers: readonly string[]
  readonly protocol: string
  readonly scope: AbortScope
}

/** Joins two connections after `101 Switching Protocols`. Either end's closing, or an abort, closes both. */
export function connectUpgraded(options: UpgradeOptions, onEnded: (bytesToClient: number) => void): void {
  const { client, target, head, headers, scope } = options
  let bytesToClient = 0
  let open = 2
  const close = (): void => {
    client.destroy()
    target.destroy()
  }
  const listener: AbortListener = { onAbort: close }
  const closed = (): void => {
    close()
    open--
    if (open > 0) return
    scope.remove(listener)
    onEnded(bytesToClient)
  }
  scope.add(listener)
  for (const end of [client, target]) end.on('error', close).on('close', closed)
  target.on('data', (chunk: Buffer) => {
    bytesToClient += chunk.length
  })

  let text = `HTTP/1.1 101 ${http.STATUS_CODES[101]}\r\nconnection: upgrade\r\nupgrade: ${options.protocol}\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  client.write(Buffer.from(`${text}\r\n`, 'latin1'))
  if (head !== undefined && head.length > 0) target.write(head)
  target.pipe(client)
  client.pipe(target)
}
