import type { DeliveryLeg } from './delivery.ts'
import { TargetQueue } from './target-queue.ts'

/** A target is the same for all routes that name its upstream: they share its lanes and its limit. */
export function queueName(upstream: string, target: string): string {
  return `${upstream} ${target}`
}

/** The queues of all targets. */
export class Queues {
  readonly #queues = new Map<string, TargetQueue<DeliveryLeg>>()
  #turns = 0

  /** Created on first use. */
  of(name: string): TargetQueue<DeliveryLeg> {
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      queue = new TargetQueue(name, 1)
      this.#queues.set(name, queue)
    }
    return queue
  }

  all(): readonly TargetQueue<DeliveryLeg>[] {
    return [...this.#queues.values()]
  }

  /** Joins the end of its lane in that queue. */
  join(name: string, leg: DeliveryLeg): void {
    const queue = this.of(name)
    leg.join({ queue, turn: ++this.#turns })
    queue.join(leg, leg.phase === 'queued')
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
  rearrange(legs: readonly DeliveryLeg[], nameOf: (leg: DeliveryLeg) => string): void {
    this.#queues.clear()
    const inOrder = [...legs].sort((a, b) => Number(isUnderWay(b)) - Number(isUnderWay(a)) || turnOf(a) - turnOf(b))
    for (const leg of inOrder) {
      const queue = this.of(nameOf(leg))
      leg.move({ queue, turn: turnOf(leg) })
      queue.join(leg, leg.phase === 'queued')
      if (leg.phase === 'sending') queue.isOut()
    }
  }
}

function isUnderWay({ phase }: DeliveryLeg): boolean {
  return phase === 'sending' || phase === 'recording'
}

function turnOf({ position }: DeliveryLeg): number {
  return position?.turn ?? 0
}
