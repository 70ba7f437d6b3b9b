import { failed } from '../core/outcome.ts'
import { done, ok, type Result } from '../core/result.ts'
import { overTicketLimit } from './limits.ts'
import type { Ticket, TicketFacts, TicketFigures, TicketKeeper, TicketLimits } from './ticket-store.ts'

/** Keeps results for the life of the process. */
export function memoryTickets(limits: TicketLimits): TicketKeeper {
  return new MemoryTickets(limits)
}

class MemoryTickets implements TicketKeeper {
  #limits: TicketLimits
  /** Oldest first. */
  readonly #tickets = new Map<string, Ticket>()
  #ready = 0
  #bytes = 0

  constructor(limits: TicketLimits) {
    this.#limits = limits
  }

  async put(ticket: Ticket): Promise<Result<'kept' | 'repeated'>> {
    if (this.#tickets.has(ticket.id)) return ok('repeated')
    const full = overTicketLimit(this.figures(), ticket.bytes, this.#limits)
    if (full !== undefined) return failed(full)
    this.#tickets.set(ticket.id, ticket)
    this.#bytes += ticket.bytes
    this.#ready++
    return ok('kept')
  }

  async find(id: string): Promise<Result<Ticket | undefined>> {
    return ok(this.#tickets.get(id))
  }

  async spend(id: string): Promise<Result<boolean>> {
    const ticket = this.#tickets.get(id)
    return ok(ticket?.result === undefined ? false : this.#drop(ticket))
  }

  async list(limit: number): Promise<Result<readonly TicketFacts[]>> {
    return ok([...this.#tickets.values()].slice(-limit).reverse())
  }

  async removeExpired(now: number): Promise<Result<undefined>> {
    for (const ticket of this.#tickets.values()) {
      if (ticket.readyUntil > now) continue
      if (ticket.result !== undefined) this.#drop(ticket)
      if (ticket.knownUntil <= now) this.#tickets.delete(ticket.id)
    }
    return done
  }

  figures(): TicketFigures {
    return { tickets: this.#ready, bytes: this.#bytes }
  }

  limit(limits: TicketLimits): void {
    this.#limits = limits
  }

  #drop(ticket: Ticket): true {
    this.#bytes -= ticket.bytes
    this.#ready--
    this.#tickets.set(ticket.id, { ...ticket, result: undefined, bytes: 0 })
    return true
  }
}
