import type { Failure } from '../../core/failure.ts'
import type { Result } from '../../core/result.ts'
import type { DeliveryUpdate, InsertResult, NewDelivery } from '../delivery-store.ts'

export interface WaitingInsert {
  readonly sequence: number
  readonly delivery: NewDelivery
  readonly bytes: number
  readonly resolve: (result: InsertResult) => void
}

export interface WaitingUpdate {
  update: DeliveryUpdate
  /** Callers that wait for the result; none for an update kept after a failure. */
  callers: ((result: Result<undefined>) => void)[]
}

/** A request to the thread that is not a write, or one part of a long one. */
export interface Operation {
  readonly run: () => Promise<void>
  readonly refuse: (failure: Failure) => void
}

export interface Batch {
  readonly inserts: readonly WaitingInsert[]
  readonly updates: ReadonlyMap<number, WaitingUpdate>
  readonly operations: readonly Operation[]
}

/** A larger message would take long to copy, and occupy its memory twice. */
const maxBatchBytes = 16 * 1024 * 1024

/** Calls that arrive while the previous batch is under way. Updates of one delivery merge into the latest. */
export class Waiting {
  #inserts: WaitingInsert[] = []
  #updates = new Map<number, WaitingUpdate>()
  #operations: Operation[] = []
  /** Whether there is anything that no batch has tried yet. */
  #isNew = false

  get isNew(): boolean {
    return this.#isNew
  }

  /** Deliveries with an update that is not on disk. */
  get updated(): Float64Array {
    return Float64Array.from(this.#updates.keys())
  }

  hasUpdate(sequence: number): boolean {
    return this.#updates.has(sequence)
  }

  updateOf(sequence: number): DeliveryUpdate | undefined {
    return this.#updates.get(sequence)?.update
  }

  insert(insert: WaitingInsert): void {
    this.#inserts.push(insert)
    this.#isNew = true
  }

  update(update: DeliveryUpdate, caller: (result: Result<undefined>) => void): void {
    this.#replace(update).callers.push(caller)
    this.#isNew = true
  }

  /** For the next batch; its caller already knows that it could not be stored yet. */
  keep(update: DeliveryUpdate): void {
    this.#replace(update)
  }

  operate(operation: Operation): void {
    this.#operations.push(operation)
    this.#isNew = true
  }

  take(): Batch {
    let bytes = 0
    let taken = 0
    while (taken < this.#inserts.length && bytes < maxBatchBytes) bytes += this.#inserts[taken++]?.bytes ?? 0
    const batch = { inserts: this.#inserts.slice(0, taken), updates: this.#updates, operations: this.#operations }
    this.#inserts = this.#inserts.slice(taken)
    this.#updates = new Map()
    this.#operations = []
    this.#isNew = this.#inserts.length > 0
    return batch
  }

  /** Queues the updates of a failed batch again; newer updates take precedence. */
  putBack(updates: ReadonlyMap<number, WaitingUpdate>): void {
    for (const [sequence, { update }] of updates) {
      const newer = this.#updates.get(sequence)
      if (newer === undefined) this.#updates.set(sequence, { update, callers: [] })
      else newer.update = merged(update, newer.update)
    }
  }

  #replace(update: DeliveryUpdate): WaitingUpdate {
    const waiting = this.#updates.get(update.sequence)
    if (waiting !== undefined) {
      waiting.update = merged(waiting.update, update)
      return waiting
    }
    const added = { update, callers: [] }
    this.#updates.set(update.sequence, added)
    return added
  }
}

function merged(older: DeliveryUpdate, newer: DeliveryUpdate): DeliveryUpdate {
  return newer.answer === undefined && older.answer !== undefined ? { ...newer, answer: older.answer } : newer
}
