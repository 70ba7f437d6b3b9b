import type { Socket } from 'node:net'
import type { Ending } from './stats.ts'

/** Depends on a connection, and must know when it ends. */
export interface Held {
  /** Called at most once, and never after the release. */
  connectionEnded(as: Ending): void
}

/** Every open connection, with the exchanges in flight on it. Pipelined requests share one. */
export class Connections {
  readonly #open = new Map<Socket, Set<Held>>()
  #total = 0

  get size(): number {
    return this.#open.size
  }

  /** All connections so far. */
  get total(): number {
    return this.#total
  }

  readonly add = (socket: Socket): void => {
    this.#total++
    this.#open.set(socket, new Set())
    socket.once('close', () => this.#ended(socket, 'aborted'))
  }

  hold(socket: Socket, held: Held): void {
    const all = this.#open.get(socket)
    // The request was parsed just before its connection was destroyed.
    if (all === undefined) held.connectionEnded('aborted')
    else all.add(held)
  }

  release(socket: Socket, held: Held): void {
    this.#open.get(socket)?.delete(held)
  }

  /** Like the crash of a process: the client sees a reset. */
  reset(socket: Socket): void {
    this.#ended(socket, 'reset')
    socket.resetAndDestroy()
  }

  /** Closes all but one. */
  cutAll(except: Socket | undefined): void {
    for (const socket of this.#open.keys()) {
      if (socket === except) continue
      this.#ended(socket, 'cut')
      socket.destroy()
    }
  }

  #ended(socket: Socket, as: Ending): void {
    const all = this.#open.get(socket)
    this.#open.delete(socket)
    if (all !== undefined) for (const held of all) held.connectionEnded(as)
  }
}
