import { failure } from '../core/failure.ts'
import { type Failed, failed } from '../core/outcome.ts'
import { done, ok, type Result } from '../core/result.ts'
import type {
  DeliveryFilter,
  DeliveryPage,
  DeliveryStore,
  DeliveryUpdate,
  InsertResult,
  NewDelivery,
  StoredDelivery,
  StoreFigures,
} from './delivery-store.ts'
import { type LegTally, tallyLegs } from './leg-tally.ts'
import { heldBytes, overLimit, type StoreLimits } from './limits.ts'
import { matchesFilter } from './matches-filter.ts'
import { needsRequest } from './retained.ts'

export interface MemoryStoreOptions {
  readonly limits: StoreLimits
}

/** Keeps deliveries for the life of the process: for tests, and to measure the cost of durability in benchmarks. */
export function memoryStore({ limits }: MemoryStoreOptions): DeliveryStore {
  return new MemoryStore(limits)
}

class MemoryStore implements DeliveryStore {
  readonly #limits: StoreLimits
  /** In sequence order: entries are inserted in that order, and an update does not move an entry. */
  readonly #deliveries = new Map<number, StoredDelivery>()
  readonly #byId = new Map<string, number>()
  readonly #byKey = new Map<string, number>()
  #sequence = 0
  #pendingLegs = 0
  #deadLegs = 0
  #undeliveredBytes = 0
  #writes = 0
  #closed: Failed | undefined

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  async insert(delivery: NewDelivery): Promise<InsertResult> {
    if (this.#closed !== undefined) return { kind: 'refused', failure: this.#closed.failure }
    const key = keyOf(delivery)
    const takenBy = (key === undefined ? undefined : this.#byKey.get(key)) ?? this.#byId.get(delivery.id)
    const existing = takenBy === undefined ? undefined : this.#deliveries.get(takenBy)
    if (existing !== undefined) return { kind: 'existing', delivery: existing }
    const refused = overLimit(this.#undeliveredBytes, heldBytes(delivery), this.#limits)
    if (refused !== undefined) return { kind: 'refused', failure: refused }

    const sequence = ++this.#sequence
    const kept: StoredDelivery = { ...delivery, sequence, finishedAt: undefined, answer: undefined }
    this.#deliveries.set(sequence, kept)
    this.#byId.set(kept.id, sequence)
    if (key !== undefined) this.#byKey.set(key, sequence)
    this.#count(kept, tallyLegs(kept.legs), 1)
    this.#writes++
    return { kind: 'inserted', sequence }
  }

  async update({ sequence, legs, finishedAt, answer }: DeliveryUpdate): Promise<Result<undefined>> {
    if (this.#closed !== undefined) return this.#closed
    const before = this.#deliveries.get(sequence)
    if (before === undefined) return done
    const tally = tallyLegs(legs)
    const request = needsRequest(tally) ? before.request : undefined
    const after: StoredDelivery = { ...before, legs, finishedAt, answer: answer ?? before.answer, request }
    this.#count(before, tallyLegs(before.legs), -1)
    this.#count(after, tally, 1)
    this.#deliveries.set(sequence, after)
    this.#writes++
    return done
  }

  async find(id: string): Promise<Result<StoredDelivery | undefined>> {
    const sequence = this.#byId.get(id)
    return this.#closed ?? ok(sequence === undefined ? undefined : this.#deliveries.get(sequence))
  }

  async list(filter: DeliveryFilter): Promise<Result<DeliveryPage>> {
    if (this.#closed !== undefined) return this.#closed
    const { beforeSequence = Number.POSITIVE_INFINITY, limit } = filter
    const found = [...this.#deliveries.values()]
      .reverse()
      .filter(({ sequence, route, legs }) => sequence < beforeSequence && matchesFilter(route, legs, filter))
    const deliveries = found.slice(0, limit).map(withoutBodies)
    return ok({ deliveries, more: found.length > limit })
  }

  async unfinished(afterSequence: number, limit: number): Promise<Result<readonly StoredDelivery[]>> {
    if (this.#closed !== undefined) return this.#closed
    const page: StoredDelivery[] = []
    for (const kept of this.#deliveries.values()) {
      if (page.length === limit) break
      if (kept.sequence > afterSequence && tallyLegs(kept.legs).pending > 0) page.push({ ...kept, answer: undefined })
    }
    return ok(page)
  }

  async removeFinished(before: number): Promise<Result<number>> {
    if (this.#closed !== undefined) return this.#closed
    let removed = 0
    for (const kept of this.#deliveries.values()) {
      const finishedBefore = kept.finishedAt !== undefined && kept.finishedAt < before
      if (!finishedBefore || needsRequest(tallyLegs(kept.legs))) continue
      this.#remove(kept)
      removed++
    }
    this.#writes += removed
    return ok(removed)
  }

  async figures(): Promise<Result<StoreFigures>> {
    const figures = {
      deliveries: this.#deliveries.size,
      pendingLegs: this.#pendingLegs,
      deadLegs: this.#deadLegs,
      undeliveredBytes: this.#undeliveredBytes,
      syncs: 0,
      writes: this.#writes,
    }
    return this.#closed ?? ok(figures)
  }

  async close(): Promise<void> {
    this.#closed = failed(failure('STORE_UNAVAILABLE', 'The store is closed.'))
  }

  #remove(kept: StoredDelivery): void {
    const key = keyOf(kept)
    this.#deliveries.delete(kept.sequence)
    this.#byId.delete(kept.id)
    if (key !== undefined) this.#byKey.delete(key)
  }

  #count({ request, lane, legs }: StoredDelivery, { pending, dead }: LegTally, sign: 1 | -1): void {
    this.#pendingLegs += sign * pending
    this.#deadLegs += sign * dead
    if (pending > 0 && request !== undefined) this.#undeliveredBytes += sign * heldBytes({ request, lane, legs })
  }
}

function withoutBodies(kept: StoredDelivery): StoredDelivery {
  return { ...kept, request: undefined, answer: undefined }
}

/** The same key may denote different deliveries on different routes. */
function keyOf({ route, idempotencyKey }: Pick<NewDelivery, 'route' | 'idempotencyKey'>): string | undefined {
  return idempotencyKey === undefined ? undefined : JSON.stringify([route, idempotencyKey])
}
