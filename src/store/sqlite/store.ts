import { type Failure, failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import { ok, type Result } from '../../core/result.ts'
import type {
  DeliveryFilter,
  DeliveryPage,
  DeliveryStore,
  DeliveryUpdate,
  InsertResult,
  NewDelivery,
  StoredDelivery,
  StoreFigures,
} from '../delivery-store.ts'
import { heldBytes, overLimit, type StoreLimits } from '../limits.ts'
import type { ExchangeName, Exchanges, FindRequest, Listed, ListRequest, Removed } from './exchanges.ts'
import type { Ledger } from './ledger.ts'
import { listedOf } from './rows.ts'
import type { Writer } from './writer.ts'

/** Implements the contract: the ledger has the state, the writer does the work. */
export class SqliteStore implements DeliveryStore {
  readonly #ledger: Ledger
  readonly #writer: Writer
  #limits: StoreLimits
  #closing: Promise<void> | undefined

  constructor(ledger: Ledger, writer: Writer, limits: StoreLimits) {
    this.#ledger = ledger
    this.#writer = writer
    this.#limits = limits
  }

  /** Applies to new deliveries; stored ones stay. */
  limit(limits: StoreLimits): void {
    this.#limits = limits
  }

  insert(delivery: NewDelivery): Promise<InsertResult> {
    const refusal = this.#closing === undefined ? this.#writer.insertRefusal : closed()
    if (refusal !== undefined) return Promise.resolve({ kind: 'refused', failure: refusal })
    const bytes = heldBytes(delivery)
    const full = overLimit(this.#ledger.undeliveredBytes, bytes, this.#limits)
    if (full !== undefined) return this.#existingOr(full, delivery)
    const sequence = this.#ledger.arriving(bytes)
    return new Promise((resolve) => {
      this.#ledger.waiting.insert({ sequence, delivery, bytes, resolve })
      this.#writer.wake()
    })
  }

  update(update: DeliveryUpdate): Promise<Result<undefined>> {
    if (this.#closing !== undefined) return Promise.resolve(failed(closed()))
    const { held, waiting } = this.#ledger
    held.apply(update)
    const refusal = this.#writer.refusal
    if (refusal !== undefined) {
      waiting.keep(update)
      return Promise.resolve(failed(refusal))
    }
    return new Promise((resolve) => {
      waiting.update(update, resolve)
      this.#writer.wake()
    })
  }

  find(id: string): Promise<Result<StoredDelivery | undefined>> {
    return this.#find({ id })
  }

  async list(filter: DeliveryFilter): Promise<Result<DeliveryPage>> {
    const found: StoredDelivery[] = []
    let beforeSequence: number | undefined = filter.beforeSequence ?? Number.POSITIVE_INFINITY
    // One extra row shows whether there are more.
    while (beforeSequence !== undefined && found.length <= filter.limit) {
      const request: ListRequest = { filter, beforeSequence }
      const part: Result<Listed> = await this.#operate(() => this.#writer.ask('list', request))
      if (!part.ok) return part
      found.push(...part.value.rows.map(listedOf))
      beforeSequence = part.value.nextBefore
    }
    return ok({ deliveries: found.slice(0, filter.limit), more: found.length > filter.limit })
  }

  unfinished(afterSequence: number, limit: number): Promise<Result<readonly StoredDelivery[]>> {
    const isOpen = this.#closing === undefined
    return Promise.resolve(isOpen ? ok(this.#ledger.held.unfinished(afterSequence, limit)) : failed(closed()))
  }

  async removeFinished(before: number): Promise<Result<number>> {
    let total = 0
    for (;;) {
      const part: Result<Removed> = await this.#operate(() => this.#writer.ask('remove', { before }))
      if (!part.ok) return part
      const { removed, more } = part.value
      this.#ledger.removed(removed)
      total += removed
      if (!more) return ok(total)
    }
  }

  figures(): Promise<Result<StoreFigures>> {
    return Promise.resolve(this.#closing === undefined ? ok(this.#ledger.figures) : failed(closed()))
  }

  close(): Promise<void> {
    this.#closing ??= this.#writer.end()
    return this.#closing
  }

  /** Sends one request to the thread; builds it only when its turn comes. */
  ask<Name extends ExchangeName>(
    name: Name,
    request: () => Exchanges[Name]['request'],
  ): Promise<Result<Exchanges[Name]['reply']>> {
    return this.#operate(() => this.#writer.ask(name, request()))
  }

  /** A repeat of a stored delivery needs no room. */
  async #existingOr(full: Failure, { route, idempotencyKey }: NewDelivery): Promise<InsertResult> {
    const refused = { kind: 'refused', failure: full } as const
    if (idempotencyKey === undefined) return refused
    const found = await this.#find({ route, idempotencyKey })
    if (!found.ok) return { kind: 'refused', failure: found.failure }
    return found.value === undefined ? refused : { kind: 'existing', delivery: found.value }
  }

  async #find(request: FindRequest): Promise<Result<StoredDelivery | undefined>> {
    const row = await this.#operate(() => this.#writer.ask('find', request))
    if (!row.ok) return row
    return ok(row.value === null ? undefined : this.#ledger.current(row.value))
  }

  /** Runs once all earlier calls have been written. */
  #operate<Value>(ask: () => Promise<Result<Value>>): Promise<Result<Value>> {
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.resolve(failed(refusal))
    return new Promise((resolve) => {
      this.#ledger.waiting.operate({
        run: async () => resolve(await ask()),
        refuse: (reason) => resolve(failed(reason)),
      })
      this.#writer.wake()
    })
  }

  #refusal(): Failure | undefined {
    return this.#closing === undefined ? this.#writer.refusal : closed()
  }
}

function closed(): Failure {
  return failure('STORE_UNAVAILABLE', 'The store is closed.')
}
