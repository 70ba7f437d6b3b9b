import { type Failure, failure } from '../../core/failure.ts'
import { retryAfterMs } from '../limits.ts'
import type { Ticket, TicketFacts, TicketFigures, TicketKeeper, TicketLimits } from '../ticket-store.ts'
import type { ExchangeName, Exchanges } from './exchanges.ts'
import type { TicketReply } from './ticket-table.ts'

export interface SqliteTicketsOptions {
  readonly limits: TicketLimits
  readonly figures: TicketFigures
  /** Sends the request to the thread when its turn comes; fails if the store cannot serve. */
  readonly ask: <Name extends ExchangeName>(
    name: Name,
    request: () => Exchanges[Name]['request'],
  ) => Promise<Exchanges[Name]['reply'] | Failure>
}

interface WaitingPut {
  readonly ticket: Ticket
  readonly resolve: (result: 'kept' | 'repeated' | Failure) => void
}

/** Tickets in the file of the deliveries. All `put` calls while the thread is busy share one transaction and sync. */
export class SqliteTickets implements TicketKeeper {
  readonly #options: SqliteTicketsOptions
  #waiting: WaitingPut[] = []
  #figures: TicketFigures
  #limits: TicketLimits

  constructor(options: SqliteTicketsOptions) {
    this.#options = options
    this.#figures = options.figures
    this.#limits = options.limits
  }

  put(ticket: Ticket): Promise<'kept' | 'repeated' | Failure> {
    return new Promise((resolve) => {
      this.#waiting.push({ ticket, resolve })
      // The first caller sends the request for all calls waiting when its turn comes.
      if (this.#waiting.length === 1) void this.#putWaiting()
    })
  }

  async find(id: string): Promise<Ticket | Failure | undefined> {
    const found = this.#take(await this.#options.ask('ticketFind', () => id))
    return found ?? undefined
  }

  async spend(id: string): Promise<boolean | Failure> {
    return this.#take(await this.#options.ask('ticketSpend', () => id))
  }

  async list(limit: number): Promise<readonly TicketFacts[] | Failure> {
    return this.#take(await this.#options.ask('ticketList', () => limit))
  }

  async removeExpired(now: number): Promise<Failure | undefined> {
    return this.#take(await this.#options.ask('ticketsExpire', () => now)) ?? undefined
  }

  figures(): TicketFigures {
    return this.#figures
  }

  limit(limits: TicketLimits): void {
    this.#limits = limits
  }

  async #putWaiting(): Promise<void> {
    let batch: readonly WaitingPut[] = []
    const takeAll = (): Exchanges['ticketsPut']['request'] => {
      batch = this.#waiting
      this.#waiting = []
      return { tickets: batch.map(({ ticket }) => ticket), limits: this.#limits }
    }
    const reply = await this.#options.ask('ticketsPut', takeAll)
    // The request was refused before its turn came.
    if (batch.length === 0) takeAll()
    const results = this.#take(reply)
    for (const [index, { resolve }] of batch.entries()) {
      if ('code' in results) resolve(results)
      else {
        const result = results[index] as (typeof results)[number]
        resolve(typeof result === 'string' ? result : failure('STORE_FULL', result.full, { retryAfterMs }))
      }
    }
  }

  #take<Value>(reply: TicketReply<Value> | Failure): Value | Failure {
    if ('code' in reply) return reply
    this.#figures = reply.figures
    return reply.value
  }
}
