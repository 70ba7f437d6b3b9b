import type { Failure } from '../core/failure.ts'
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

  async put(ticket: Ticket): Promise<'kept' | 'repeated' | Failure> {
    if (this.#tickets.has(ticket.id)) return 'repeated'
    const full = overTicketLimit(this.figures(), ticket.bytes, this.#limits)
    if (full !== undefined) return full
    this.#tickets.set(ticket.id, ticket)
    this.#bytes += ticket.bytes
    this.#ready++
    return 'kept'
  }

  async find(id: string): Promise<Ticket | undefined> {
    return this.#tickets.get(id)
  }

  async spend(id: string): Promise<boolean> {
    const ticket = this.#tickets.get(id)
    return ticket?.result === undefined ? false : this.#drop(ticket)
  }

  async list(limit: number): Promise<readonly TicketFacts[]> {
    return [...this.#tickets.values()].slice(-limit).reverse()
  }

  async removeExpired(now: number): Promise<undefined> {
    for (const ticket of this.#tickets.values()) {
      if (ticket.readyUntil > now) continue
      if (ticket.result !== undefined) this.#drop(ticket)
      if (ticket.knownUntil <= now) this.#tickets.delete(ticket.id)
    }
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
