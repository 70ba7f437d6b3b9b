import { type Failure, failure } from '../../core/failure.ts'
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

  update(update: DeliveryUpdate): Promise<Failure | undefined> {
    if (this.#closing !== undefined) return Promise.resolve(closed())
    const { held, waiting } = this.#ledger
    held.apply(update)
    const refusal = this.#writer.refusal
    if (refusal !== undefined) {
      waiting.keep(update)
      return Promise.resolve(refusal)
    }
    return new Promise((resolve) => {
      waiting.update(update, resolve)
      this.#writer.wake()
    })
  }

  find(id: string): Promise<StoredDelivery | Failure | undefined> {
    return this.#find({ id })
  }

  async list(filter: DeliveryFilter): Promise<DeliveryPage | Failure> {
    const found: StoredDelivery[] = []
    let beforeSequence: number | undefined = filter.beforeSequence ?? Number.POSITIVE_INFINITY
    // One extra row shows whether there are more.
    while (beforeSequence !== undefined && found.length <= filter.limit) {
      const request: ListRequest = { filter, beforeSequence }
      const part: Listed | Failure = await this.#operate(() => this.#writer.ask('list', request))
      if ('code' in part) return part
      found.push(...part.rows.map(listedOf))
      beforeSequence = part.nextBefore
    }
    return { deliveries: found.slice(0, filter.limit), more: found.length > filter.limit }
  }

  unfinished(afterSequence: number, limit: number): Promise<readonly StoredDelivery[] | Failure> {
    const refusal = this.#closing === undefined ? undefined : closed()
    return Promise.resolve(refusal ?? this.#ledger.held.unfinished(afterSequence, limit))
  }

  async removeFinished(before: number): Promise<number | Failure> {
    let total = 0
    for (;;) {
      const part: Removed | Failure = await this.#operate(() => this.#writer.ask('remove', { before }))
      if ('code' in part) return part
      this.#ledger.removed(part.removed)
      total += part.removed
      if (!part.more) return total
    }
  }

  figures(): Promise<StoreFigures | Failure> {
    return Promise.resolve(this.#closing === undefined ? this.#ledger.figures : closed())
  }

  close(): Promise<void> {
    this.#closing ??= this.#writer.end()
    return this.#closing
  }

  /** Sends one request to the thread; builds it only when its turn comes. */
  ask<Name extends ExchangeName>(
    name: Name,
    request: () => Exchanges[Name]['request'],
  ): Promise<Exchanges[Name]['reply'] | Failure> {
    return this.#operate(() => this.#writer.ask(name, request()))
  }

  /** A repeat of a stored delivery needs no room. */
  async #existingOr(full: Failure, { route, idempotencyKey }: NewDelivery): Promise<InsertResult> {
    const refused = { kind: 'refused', failure: full } as const
    if (idempotencyKey === undefined) return refused
    const delivery = await this.#find({ route, idempotencyKey })
    if (delivery === undefined) return refused
    return 'code' in delivery ? { kind: 'refused', failure: delivery } : { kind: 'existing', delivery }
  }

  async #find(request: FindRequest): Promise<StoredDelivery | Failure | undefined> {
    const row = await this.#operate(() => this.#writer.ask('find', request))
    if (row === null) return undefined
    if ('code' in row) return row
    return this.#ledger.current(row)
  }

  /** Runs once all earlier calls have been written. */
  #operate<Result>(ask: () => Promise<Result>): Promise<Result | Failure> {
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.resolve(refusal)
    return new Promise((resolve) => {
      this.#ledger.waiting.operate({ run: async () => resolve(await ask()), refuse: resolve })
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
