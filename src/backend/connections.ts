import type { Socket } from 'node:net'
import type { Ending } from './stats.ts'

/** What hangs on a connection, and has to know when it ends. */
export interface Held {
  /** Called once at most, and never after it was released. */
  connectionEnded(as: Ending): void
}

/** Every open connection, and what is in flight on each. Pipelined requests share one. */
export class Connections {
  readonly #open = new Map<Socket, Set<Held>>()
  #total = 0

  get size(): number {
    return this.#open.size
  }

  /** All there ever were. */
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
    // A request that was parsed just before its connection was destroyed.
    if (all === undefined) held.connectionEnded('aborted')
    else all.add(held)
  }

  release(socket: Socket, held: Held): void {
    this.#open.get(socket)?.delete(held)
  }

  /** As a process that crashes does: the client sees a reset. */
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
