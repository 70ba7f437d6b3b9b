import type { StatementSync } from 'node:sqlite'
import type { FailureCode } from '../../core/failure.ts'
import { overTicketLimit } from '../limits.ts'
import type { Ticket, TicketFacts, TicketFigures, TicketLimits, TicketResult } from '../ticket-store.ts'
import { prepareQuery, type Query } from './query.ts'
import type { Transactions } from './transactions.ts'

/** Marks a failure, whose detail is stored as the body; not a valid HTTP status. */
const failureStatus = 0

export interface PutTickets {
  readonly tickets: readonly Ticket[]
  readonly limits: TicketLimits
}

/** By the index of the ticket: the result of `put`, or why it was not kept. */
export type PutResult = 'kept' | 'repeated' | { readonly full: string }

export interface TicketReply<Value> {
  readonly value: Value
  readonly figures: TicketFigures
}

type FactsRow = readonly [id: string, route: string, created: number, ready: number, known: number, bytes: number]
type Row = readonly [...FactsRow, status: number | null, contentType: string | null, body: Uint8Array | null]

/** Tickets in the store's thread. Each reply includes the current totals. */
export class TicketTable {
  readonly #database: Transactions
  readonly #insert: StatementSync
  readonly #find: Query<Row>
  readonly #spend: StatementSync
  readonly #list: Query<FactsRow>
  readonly #figures: Query<readonly [tickets: number, bytes: number]>

  constructor(database: Transactions) {
    this.#database = database
    const { db } = database
    this.#insert = db.prepare('INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
    this.#find = prepareQuery(db, 'SELECT * FROM ticket WHERE id = ?')
    this.#spend = db.prepare('UPDATE ticket SET bytes = 0, status = NULL, body = NULL WHERE id = ? AND status >= 0')
    this.#list = prepareQuery(
      db,
      'SELECT id, route, created_at, ready_until, known_until, bytes FROM ticket ORDER BY created_at DESC LIMIT ?',
    )
    this.#figures = prepareQuery(db, 'SELECT count(status), coalesce(sum(bytes), 0) FROM ticket')
  }

  put({ tickets, limits }: PutTickets): TicketReply<readonly PutResult[]> {
    let { tickets: count, bytes } = this.figures()
    this.#database.expectRoom(
      tickets.reduce((sum, ticket) => sum + ticket.bytes, 0),
      tickets.length,
    )
    const value = this.#database.transaction(() =>
      tickets.map((ticket): PutResult => {
        if (this.#find.get(ticket.id) !== undefined) return 'repeated'
        const full = overTicketLimit({ tickets: count, bytes }, ticket.bytes, limits)
        if (full !== undefined) return { full: full.detail }
        this.#insert.run(...rowOf(ticket))
        count++
        bytes += ticket.bytes
        return 'kept'
      }),
    )
    return { value, figures: { tickets: count, bytes } }
  }

  find(id: string): TicketReply<Ticket | null> {
    const row = this.#find.get(id)
    return this.#reply(row === undefined ? null : ticketOf(row))
  }

  spend(id: string): TicketReply<boolean> {
    return this.#reply(this.#database.shrink(() => this.#spend.run(id).changes > 0))
  }

  list(limit: number): TicketReply<readonly TicketFacts[]> {
    return this.#reply(this.#list.all(limit).map(factsOf))
  }

  removeExpired(now: number): TicketReply<null> {
    const { db } = this.#database
    this.#database.shrink(() => {
      db.prepare('UPDATE ticket SET bytes = 0, status = NULL, body = NULL WHERE ready_until <= ? AND status >= 0').run(
        now,
      )
      db.prepare('DELETE FROM ticket WHERE known_until <= ? AND ready_until <= ?').run(now, now)
    })
    return this.#reply(null)
  }

  figures(): TicketFigures {
    const [tickets = 0, bytes = 0] = this.#figures.get() ?? []
    return { tickets, bytes }
  }

  #reply<Value>(value: Value): TicketReply<Value> {
    return { value, figures: this.figures() }
  }
}

function rowOf(ticket: Ticket): Row {
  const { id, route, createdAt, readyUntil, knownUntil, bytes, result } = ticket
  const facts = [id, route, createdAt, readyUntil, knownUntil, bytes] as const
  if (result === undefined) return [...facts, null, null, null]
  return result.kind === 'answer'
    ? [...facts, result.status, result.contentType, result.body]
    : [...facts, failureStatus, result.code, Buffer.from(result.detail)]
}

function ticketOf(row: Row): Ticket {
  const [id, route, created, ready, known, bytes, status, contentType, body] = row
  return { ...factsOf([id, route, created, ready, known, bytes]), result: resultOf(status, contentType, body) }
}

function factsOf([id, route, createdAt, readyUntil, knownUntil, bytes]: FactsRow): TicketFacts {
  return { id, route, createdAt, readyUntil, knownUntil, bytes }
}

function resultOf(status: number | null, what: string | null, body: Uint8Array | null): TicketResult | undefined {
  if (status === null || what === null || body === null) return undefined
  if (status !== failureStatus) return { kind: 'answer', status, contentType: what, body }
  return { kind: 'failure', code: what as FailureCode, detail: Buffer.from(body).toString() }
}
