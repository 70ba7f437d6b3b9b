import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Levels } from '../../kit/shared-memory.ts'
import { watchAccepts } from './accept-failures.ts'

/** What a front knows of its connections. */
export interface ConnectionFigures {
  /** Open now: the sum of the next three. */
  readonly active: number
  /** On these a first request has begun to arrive. Of later ones on the same connection Node does not tell. */
  readonly reading: number
  /** These have a call in flight, or are upgraded. */
  readonly writing: number
  readonly waiting: number
  /** Since the start: taken, and closed at once as there were too many already. */
  readonly accepted: number
  readonly refused: number
  /** Could not be taken, as far as Node tells: it closes most of them itself when it has run out of descriptors. */
  readonly failed: number
  readonly requests: number
  /** What was no request, by the status that it was answered with. */
  readonly malformed: Readonly<Record<MalformedStatus, number>>
}

/** Bad bytes, too slow, and a header that is too large. */
export type MalformedStatus = '400' | '408' | '431'

interface ConnectionCountsOptions {
  /** A connection has closed, and is no longer counted as open. */
  readonly onClosed: () => void
  /** Open ones, here and in other workers. */
  readonly ofAll: Levels | undefined
  readonly onAcceptFailed?: ((code: string) => void) | undefined
}

/** Counts connections as they open and close, so that to ask for them costs nothing in between. */
export class ConnectionCounts {
  #open = 0
  #accepted = 0
  #refused = 0
  #failed = 0
  #requests = 0
  readonly #malformed = { 400: 0, 408: 0, 431: 0 }
  /** Those that have not brought a request yet. */
  readonly #fresh = new Set<Socket>()

  constructor(server: Server, { onClosed, ofAll, onAcceptFailed }: ConnectionCountsOptions) {
    server.on('connection', (socket: Socket) => {
      // Of those here Node sees to it itself.
      if (ofAll !== undefined && !ofAll.tryAdd(0, server.maxConnections)) {
        this.#refused++
        socket.destroy()
        return
      }
      this.#open++
      this.#accepted++
      this.#fresh.add(socket)
      socket.once('close', () => {
        this.#open--
        ofAll?.add(0, -1)
        this.#fresh.delete(socket)
        onClosed()
      })
    })
    server.on('drop', () => this.#refused++)
    watchAccepts(server, (code) => {
      this.#failed++
      onAcceptFailed?.(code)
    })
  }

  /** Open now, upgraded ones included. */
  get open(): number {
    return this.#open
  }

  /** All that ever arrived, refused ones included. */
  get arrived(): number {
    return this.#accepted + this.#refused
  }

  /** One that came from elsewhere, and was too much. */
  refusedOne(): void {
    this.#refused++
  }

  requestOn(socket: Socket): void {
    this.#requests++
    this.#fresh.delete(socket)
  }

  answeredMalformed(status: number): void {
    if (status === 400 || status === 408 || status === 431) this.#malformed[status]++
  }

  figures(callsInFlight: number): ConnectionFigures {
    let reading = 0
    for (const { bytesRead } of this.#fresh) if (bytesRead > 0) reading++
    const writing = Math.min(callsInFlight, this.#open - reading)
    return {
      active: this.#open,
      reading,
      writing,
      waiting: this.#open - reading - writing,
      accepted: this.#accepted,
      refused: this.#refused,
      failed: this.#failed,
      requests: this.#requests,
      malformed: { ...this.#malformed },
    }
  }
}
