import type { QueuedLeg } from './delivery.ts'
import { TargetQueue } from './target-queue.ts'

/** A target is the same for all routes that name its upstream: they share its lanes and its limit. */
export function queueName(upstream: string, target: string): string {
  return `${upstream} ${target}`
}

/** The queues of all targets. */
export class Queues {
  readonly #queues = new Map<string, TargetQueue<QueuedLeg>>()
  #turns = 0

  /** Created on first use. */
  of(name: string): TargetQueue<QueuedLeg> {
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      queue = new TargetQueue(name, 1)
      this.#queues.set(name, queue)
    }
    return queue
  }

  all(): readonly TargetQueue<QueuedLeg>[] {
    return [...this.#queues.values()]
  }

  /** Joins the end of its lane in that queue. */
  join(name: string, place: QueuedLeg): void {
    place.turn = ++this.#turns
    this.#put(name, place)
  }

  /** Sets the limits of the named queues; removes others once they are empty. */
  limit(concurrencies: ReadonlyMap<string, number>): void {
    for (const [name, concurrency] of concurrencies) this.of(name).limit(concurrency)
    for (const [name, queue] of this.#queues) {
      if (!concurrencies.has(name) && queue.isEmpty) this.#queues.delete(name)
    }
  }

  /**
   * Rebuilds all queues, because some legs now belong to other queues. A lane merged from several queues keeps the
   * joining order, except that legs under way come first: no other leg may be sent until they are done.
   */
  rearrange(places: readonly QueuedLeg[], nameOf: (place: QueuedLeg) => string): void {
    this.#queues.clear()
    const inOrder = [...places].sort((a, b) => Number(isUnderWay(b)) - Number(isUnderWay(a)) || a.turn - b.turn)
    for (const place of inOrder) {
      const queue = this.#put(nameOf(place), place)
      if (place.leg.phase === 'sending') queue.isOut()
    }
  }

  #put(name: string, place: QueuedLeg): TargetQueue<QueuedLeg> {
    const queue = this.of(name)
    place.queue = queue
    queue.join(place, place.leg.phase === 'queued')
    return queue
  }
}

function isUnderWay({ leg }: QueuedLeg): boolean {
  return leg.phase === 'sending' || leg.phase === 'recording'
}
