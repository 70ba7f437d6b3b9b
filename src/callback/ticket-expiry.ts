import { ok, type Result } from '../core/result.ts'
import type { Clock, Timer } from '../kit/clock.ts'
import type { TicketFacts, TicketFigures, TicketKeeper } from '../store/ticket-store.ts'

export interface KeptTicketsOptions {
  readonly clock: Clock
  readonly memory: TicketKeeper
  /** Set when a route is `durable`. */
  readonly durable: TicketKeeper | undefined
}

const expiryCheckMs = 10_000

/** Removes expired results from the stores, and tells operators what the stores hold. */
export class TicketExpiry {
  readonly #clock: Clock
  readonly #memory: TicketKeeper
  #durable: TicketKeeper | undefined
  #timer: Timer | undefined

  constructor({ clock, memory, durable }: KeptTicketsOptions) {
    this.#clock = clock
    this.#memory = memory
    this.#durable = durable
    this.#schedule()
  }

  update(durable: TicketKeeper | undefined): void {
    this.#durable = durable
  }

  /** The newest, across all stores. */
  async tickets(limit: number): Promise<Result<readonly TicketFacts[]>> {
    const kept: TicketFacts[] = []
    for (const store of this.#stores()) {
      const listed = await store.list(limit)
      if (!listed.ok) return listed
      kept.push(...listed.value)
    }
    return ok(kept.sort((a, b) => b.createdAt - a.createdAt).slice(0, limit))
  }

  ticketFigures(): TicketFigures {
    const all = this.#stores().map((store) => store.figures())
    return {
      tickets: all.reduce((sum, { tickets }) => sum + tickets, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  close(): void {
    this.#timer?.cancel()
  }

  #stores(): readonly TicketKeeper[] {
    return this.#durable === undefined ? [this.#memory] : [this.#memory, this.#durable]
  }

  #schedule(): void {
    this.#timer = this.#clock.after(expiryCheckMs, () => {
      // A failing store reports to its writers; results left over are removed next time.
      for (const store of this.#stores()) void store.removeExpired(this.#clock.wallNow())
      this.#schedule()
    })
  }
}
