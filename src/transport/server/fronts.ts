import type { AddressInfo } from 'node:net'
import type { Change, Reloadable } from '../../kit/reload.ts'
import { StartupError } from '../../kit/startup-error.ts'
import type { Acceptor } from './acceptor.ts'
import { type ConnectionFigures, noConnections, sumOfConnections } from './connection-counts.ts'
import type { ListenerOptions } from './front-options.ts'
import type { Listener } from './listener.ts'

/** The front of a server across reloads, which may move it to another address while clients stay at the old one. */
export class Fronts implements Reloadable<ListenerOptions> {
  readonly #acceptor: Acceptor
  #front: Listener
  /** In force. */
  #options: ListenerOptions
  /** Fronts at former addresses. */
  readonly #former = new Set<Listener>()
  #formerFigures = noConnections
  #isRetiring = false
  #isDraining = false

  private constructor(acceptor: Acceptor, front: Listener, options: ListenerOptions) {
    this.#acceptor = acceptor
    this.#front = front
    this.#options = options
  }

  /** Rejects if the address cannot be listened on. */
  static async open(acceptor: Acceptor, options: ListenerOptions): Promise<Fronts> {
    return new Fronts(acceptor, await acceptor.open(options), options)
  }

  get address(): AddressInfo {
    return this.#front.address
  }

  inFlight(): number {
    return this.#all.reduce((sum, front) => sum + front.inFlight(), 0)
  }

  figures(): ConnectionFigures {
    return sumOfConnections([this.#formerFigures, ...this.#all.map((front) => front.figures())])
  }

  /** Rejects if a new address cannot be listened on, or the server drains. */
  async prepare(options: ListenerOptions): Promise<Change> {
    this.#checkGoesOn()
    const before = this.#front
    // Clients may connect before the commit, and are served by the rules in force.
    const opened = { ...this.#options, listen: options.listen }
    // A retiring server finishes its calls and opens no new address.
    const next = this.#isRetiring ? before : await this.#acceptor.move(before, opened)
    const rollback = async (): Promise<void> => {
      if (next !== before) await next.close()
    }
    if (this.#isDraining) {
      await rollback()
      this.#checkGoesOn()
    }
    let ended = Promise.resolve()
    return {
      commit: () => {
        this.#options = options
        // Another thread may have told it to drain meanwhile: nobody would drain the new one.
        const isMoved = next !== before && !this.#isDraining
        if (!isMoved) void rollback()
        const moved = isMoved ? [next.update(options), this.#leave(before)] : [before.update(options)]
        this.#front = isMoved ? next : before
        ended = Promise.all(moved).then(() => {})
      },
      rollback,
      retired: () => ended,
    }
  }

  /** Accepts no new connections; resolves when the last call has ended. `needed`: see `Listener.drain`. */
  async drain(needed: Promise<void> | undefined): Promise<void> {
    this.#isDraining = true
    await Promise.all([this.#front.drain(needed), ...[...this.#former].map((front) => front.drain())])
  }

  /** Like `drain`, but more gently, as other workers still listen on the port. */
  async retire(): Promise<void> {
    this.#isRetiring = true
    await this.#front.retire()
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((front) => front.close()))
  }

  get #all(): readonly Listener[] {
    return [this.#front, ...this.#former]
  }

  #checkGoesOn(): void {
    if (this.#isDraining) throw new StartupError('the gateway is shutting down')
  }

  async #leave(front: Listener): Promise<void> {
    this.#former.add(front)
    await front.retire()
    await front.close()
    this.#former.delete(front)
    this.#formerFigures = sumOfConnections([this.#formerFigures, front.figures()])
  }
}
