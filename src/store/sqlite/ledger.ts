import { done } from '../../core/result.ts'
import type { NewDelivery, StoredDelivery, StoreFigures } from '../delivery-store.ts'
import { tallyLegs } from '../leg-tally.ts'
import type { Opened, Revised, Written } from './exchanges.ts'
import { HeldDeliveries } from './held-deliveries.ts'
import type { Recovered } from './recovery.ts'
import { type DeliveryRow, deliveryOf } from './rows.ts'
import { type Batch, Waiting } from './waiting.ts'

/** The store's state in memory: pending writes, unfinished deliveries, and the figures. */
export class Ledger {
  readonly held = new HeldDeliveries()
  readonly waiting = new Waiting()
  lastSequence = 0
  /** Size of requests that were accepted here and are not in `held` yet. */
  #arrivingBytes = 0
  #deliveries = 0
  /** Dead legs of deliveries that are not held. */
  #settledDeadLegs = 0
  #syncs = 0
  #writes = 0

  get undeliveredBytes(): number {
    return this.held.undeliveredBytes + this.#arrivingBytes
  }

  get figures(): StoreFigures {
    return {
      deliveries: this.#deliveries,
      pendingLegs: this.held.pendingLegs,
      deadLegs: this.held.deadLegs + this.#settledDeadLegs,
      undeliveredBytes: this.held.undeliveredBytes,
      syncs: this.#syncs,
      writes: this.#writes,
    }
  }

  opened({ lastSequence, deliveries, settledDeadLegs }: Opened): void {
    this.lastSequence = lastSequence
    this.#deliveries = deliveries
    this.#settledDeadLegs = settledDeadLegs
  }

  recovered({ deliveries, settledDeadLegs }: Recovered): void {
    this.#deliveries = deliveries
    this.#settledDeadLegs = settledDeadLegs
  }

  /** Returns the sequence it gets if it is stored. */
  arriving(bytes: number): number {
    this.#arrivingBytes += bytes
    return ++this.lastSequence
  }

  removed(count: number): void {
    if (count === 0) return
    this.#deliveries -= count
    this.#syncs++
    this.#writes += count
  }

  /** The batch is on disk: applies its changes to memory and resolves its callers. */
  written(batch: Batch, { existing, revised }: Written): void {
    this.#syncs++
    this.#writes += batch.inserts.length - existing.length + batch.updates.size
    for (const entry of revised) this.#revised(entry)
    for (const [sequence, { callers }] of batch.updates) {
      this.#letGoIfSettled(sequence)
      for (const tell of callers) tell(done)
    }
    const clashes = new Map(existing)
    for (const [index, { sequence, delivery, bytes, resolve }] of batch.inserts.entries()) {
      this.#arrivingBytes -= bytes
      const clash = clashes.size === 0 ? undefined : clashes.get(index)
      if (clash === undefined) {
        this.#inserted(sequence, delivery)
        resolve({ kind: 'inserted', sequence })
      } else {
        resolve({ kind: 'existing', delivery: this.current(clash) })
      }
    }
  }

  /** The state after the last call, which may be ahead of the file. */
  current(row: DeliveryRow): StoredDelivery {
    const stored = deliveryOf(row)
    const held = this.held.get(stored.sequence)
    if (held === undefined) return stored
    return { ...held, answer: this.waiting.updateOf(stored.sequence)?.answer ?? stored.answer }
  }

  /** The batch failed: drops its inserts and keeps its updates for the next batch. */
  refused({ inserts, updates }: Batch): void {
    for (const { bytes } of inserts) this.#arrivingBytes -= bytes
    this.waiting.putBack(updates)
  }

  #inserted(sequence: number, delivery: NewDelivery): void {
    this.#deliveries++
    this.held.insert(sequence, delivery)
    this.#letGoIfSettled(sequence)
  }

  #revised({ deadBefore, deadAfter, reopened }: Revised): void {
    if (reopened === undefined) {
      this.#settledDeadLegs += deadAfter - deadBefore
      return
    }
    this.#settledDeadLegs -= deadBefore
    const delivery = deliveryOf(reopened)
    this.held.add(delivery)
    const since = this.waiting.updateOf(delivery.sequence)
    if (since !== undefined) this.held.apply(since)
  }

  #letGoIfSettled(sequence: number): void {
    if (this.waiting.hasUpdate(sequence)) return
    const gone = this.held.letGoIfDone(sequence)
    if (gone !== undefined) this.#settledDeadLegs += tallyLegs(gone.legs).dead
  }
}
