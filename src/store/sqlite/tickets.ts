import { failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import { done, ok, type Result } from '../../core/result.ts'
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
  ) => Promise<Result<Exchanges[Name]['reply']>>
}

interface WaitingPut {
  readonly ticket: Ticket
  readonly resolve: (result: Result<'kept' | 'repeated'>) => void
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

  put(ticket: Ticket): Promise<Result<'kept' | 'repeated'>> {
    return new Promise((resolve) => {
      this.#waiting.push({ ticket, resolve })
      // The first caller sends the request for all calls waiting when its turn comes.
      if (this.#waiting.length === 1) void this.#putWaiting()
    })
  }

  async find(id: string): Promise<Result<Ticket | undefined>> {
    const found = this.#take(await this.#options.ask('ticketFind', () => id))
    return found.ok ? ok(found.value ?? undefined) : found
  }

  async spend(id: string): Promise<Result<boolean>> {
    return this.#take(await this.#options.ask('ticketSpend', () => id))
  }

  async list(limit: number): Promise<Result<readonly TicketFacts[]>> {
    return this.#take(await this.#options.ask('ticketList', () => limit))
  }

  async removeExpired(now: number): Promise<Result<undefined>> {
    const expired = this.#take(await this.#options.ask('ticketsExpire', () => now))
    return expired.ok ? done : expired
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
      if (!results.ok) resolve(results)
      else {
        const result = results.value[index] as (typeof results.value)[number]
        resolve(typeof result === 'string' ? ok(result) : failed(failure('STORE_FULL', result.full, { retryAfterMs })))
      }
    }
  }

  #take<Value>(reply: Result<TicketReply<Value>>): Result<Value> {
    if (!reply.ok) return reply
    this.#figures = reply.value.figures
    return ok(reply.value.value)
  }
}
