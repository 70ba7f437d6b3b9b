import type { DeliveryUpdate, NewDelivery, StoredDelivery } from '../delivery-store.ts'
import { type LegTally, tallyLegs } from '../leg-tally.ts'
import { heldBytes } from '../limits.ts'

interface Held {
  delivery: StoredDelivery
  tally: LegTally
  bytes: number
}

/**
 * Every delivery whose end is not on disk yet, whole, as the last call left it. It is here, and not asked of whoever
 * delivers, since that makes recovery exact with nobody else's help: whatever became of the file, what it must contain
 * is at hand, in the very objects that were handed in or out and so at the price of a few hundred bytes each. The
 * requests in it are bounded by `maxUndeliveredBytes`; answers, which nothing bounds, are in the file alone.
 */
export class HeldDeliveries {
  readonly #held = new Map<number, Held>()
  /** Ascending; also has those that have gone since, until they are most of it. */
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
    else if (this.#order[this.#placeAfter(sequence) - 1] !== sequence)
      this.#order.splice(this.#placeAfter(sequence), 0, sequence)
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

  /** Called when the state that memory has is on disk: a delivery that is done needs no place here any more. */
  letGoIfDone(sequence: number): StoredDelivery | undefined {
    const held = this.#held.get(sequence)
    if (held === undefined || held.tally.pending > 0) return undefined
    this.#held.delete(sequence)
    this.#count(held, -1)
    if (this.#order.length > 2 * this.#held.size + 1000)
      this.#order = this.#order.filter((kept) => this.#held.has(kept))
    return held.delivery
  }

  /** Those with a pending leg, oldest first. */
  unfinished(afterSequence: number, limit: number): readonly StoredDelivery[] {
    const page: StoredDelivery[] = []
    for (let place = this.#placeAfter(afterSequence); place < this.#order.length && page.length < limit; place++) {
      const held = this.#held.get(this.#order[place] as number)
      if (held !== undefined && held.tally.pending > 0) page.push(held.delivery)
    }
    return page
  }

  #count({ tally, bytes }: Held, sign: 1 | -1): void {
    this.pendingLegs += sign * tally.pending
    this.deadLegs += sign * tally.dead
    if (tally.pending > 0) this.undeliveredBytes += sign * bytes
  }

  /** The first place in the order with a larger sequence. */
  #placeAfter(sequence: number): number {
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
