import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Levels } from '../../kit/shared-memory.ts'
import { watchAccepts } from './accept-failures.ts'

/** Connection figures of one front. */
export interface ConnectionFigures {
  /** Open now: the sum of the next three. */
  readonly active: number
  /** Connections whose first request is arriving. Node does not report later ones on the same connection. */
  readonly reading: number
  /** Connections that have a call in flight or are upgraded. */
  readonly writing: number
  readonly waiting: number
  /** Since the start: accepted, and refused (closed at once because too many were open). */
  readonly accepted: number
  readonly refused: number
  /** Could not be accepted, as far as Node reports: out of descriptors, libuv closes most of them itself. */
  readonly failed: number
  readonly requests: number
  /** Malformed requests, by response status. */
  readonly malformed: Readonly<Record<MalformedStatus, number>>
}

/** Malformed bytes, too slow, header too large. */
export type MalformedStatus = '400' | '408' | '431'

interface ConnectionCountsOptions {
  /** Called when a connection has closed and is no longer counted as open. */
  readonly onClosed: () => void
  /** Open connections of all workers. */
  readonly ofAll: Levels | undefined
  readonly onAcceptFailed?: ((code: string) => void) | undefined
}

/** Counts connections as they open and close, so that nothing has to poll them. */
export class ConnectionCounts {
  #open = 0
  #accepted = 0
  #refused = 0
  #failed = 0
  #requests = 0
  readonly #malformed = { 400: 0, 408: 0, 431: 0 }
  /** Connections without a request so far. */
  readonly #fresh = new Set<Socket>()

  constructor(server: Server, { onClosed, ofAll, onAcceptFailed }: ConnectionCountsOptions) {
    server.on('connection', (socket: Socket) => {
      // Node itself limits only the connections of this worker.
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

  /** All connections since the start, refused ones included. */
  get arrived(): number {
    return this.#accepted + this.#refused
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

export const noConnections: ConnectionFigures = {
  active: 0,
  reading: 0,
  writing: 0,
  waiting: 0,
  accepted: 0,
  refused: 0,
  failed: 0,
  requests: 0,
  malformed: { 400: 0, 408: 0, 431: 0 },
}

/** Sums over several listeners, whether consecutive or concurrent. */
export function sumOfConnections(all: readonly ConnectionFigures[]): ConnectionFigures {
  const sum = (count: (figures: ConnectionFigures) => number): number =>
    all.reduce((total, figures) => total + count(figures), 0)
  return {
    active: sum(({ active }) => active),
    reading: sum(({ reading }) => reading),
    writing: sum(({ writing }) => writing),
    waiting: sum(({ waiting }) => waiting),
    accepted: sum(({ accepted }) => accepted),
    refused: sum(({ refused }) => refused),
    failed: sum(({ failed }) => failed),
    requests: sum(({ requests }) => requests),
    malformed: {
      400: sum(({ malformed }) => malformed[400]),
      408: sum(({ malformed }) => malformed[408]),
      431: sum(({ malformed }) => malformed[431]),
    },
  }
}
