import type { DeliveryUpdate, NewDelivery, StoredDelivery } from '../delivery-store.ts'
import { type LegTally, tallyLegs } from '../leg-tally.ts'
import { heldBytes } from '../limits.ts'

interface Held {
  delivery: StoredDelivery
  tally: LegTally
  bytes: number
}

/**
 * Every delivery whose end is not on disk yet, complete and in its latest state. It is kept here, and not requested
 * from the sender, because that makes recovery exact without outside help: whatever happened to the file, its required
 * contents are at hand. The objects are shared with the callers, at a cost of a few hundred bytes each.
 * `maxUndeliveredBytes` limits the requests; answers have no limit and are only in the file.
 */
export class HeldDeliveries {
  readonly #held = new Map<number, Held>()
  /** Ascending; also contains deliveries that were let go, until they are the majority. */
  #order: number[] = []
  pendingLegs = 0
  deadLegs = 0
  undeliveredBytes = 0

  get sequences(): Float64Array {
    return Float64Array.from(this.#held.keys())
  }

  has(sequence: number): boolean {
    return this.#held.has(sequence)
  }

  get(sequence: number): StoredDelivery | undefined {
    return this.#held.get(sequence)?.delivery
  }

  insert(sequence: number, delivery: NewDelivery): void {
    this.add({ ...delivery, sequence, finishedAt: undefined, answer: undefined })
  }

  add(delivery: StoredDelivery): void {
    const { sequence, legs } = delivery
    const held = { delivery: { ...delivery, answer: undefined }, tally: tallyLegs(legs), bytes: bytesOf(delivery) }
    this.#held.set(sequence, held)
    this.#count(held, 1)
    const isLast = sequence > (this.#order.at(-1) ?? 0)
    if (isLast) this.#order.push(sequence)
    else if (this.#order[this.#indexAfter(sequence) - 1] !== sequence)
      this.#order.splice(this.#indexAfter(sequence), 0, sequence)
  }

  apply({ sequence, legs, finishedAt }: DeliveryUpdate): void {
    const held = this.#held.get(sequence)
    if (held === undefined) return
    this.#count(held, -1)
    held.delivery = { ...held.delivery, legs, finishedAt }
    held.bytes = bytesOf(held.delivery)
    held.tally = tallyLegs(legs)
    this.#count(held, 1)
  }

  /** Call once the state in memory is on disk: a finished delivery is no longer needed here. */
  letGoIfDone(sequence: number): StoredDelivery | undefined {
    const held = this.#held.get(sequence)
    if (held === undefined || held.tally.pending > 0) return undefined
    this.#held.delete(sequence)
    this.#count(held, -1)
    if (this.#order.length > 2 * this.#held.size + 1000)
      this.#order = this.#order.filter((kept) => this.#held.has(kept))
    return held.delivery
  }

  /** Deliveries with a pending leg, oldest first. */
  unfinished(afterSequence: number, limit: number): readonly StoredDelivery[] {
    const page: StoredDelivery[] = []
    for (let index = this.#indexAfter(afterSequence); index < this.#order.length && page.length < limit; index++) {
      const held = this.#held.get(this.#order[index] as number)
      if (held !== undefined && held.tally.pending > 0) page.push(held.delivery)
    }
    return page
  }

  #count({ tally, bytes }: Held, sign: 1 | -1): void {
    this.pendingLegs += sign * tally.pending
    this.deadLegs += sign * tally.dead
    if (tally.pending > 0) this.undeliveredBytes += sign * bytes
  }

  /** The first index in the order with a larger sequence. */
  #indexAfter(sequence: number): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#order[middle] as number) <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}

function bytesOf({ request, lane, legs }: StoredDelivery): number {
  return request === undefined ? 0 : heldBytes({ request, lane, legs })
}
