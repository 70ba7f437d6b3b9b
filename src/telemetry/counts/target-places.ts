import { attemptOutcomes, type Target } from '../../core/attempt.ts'
import { bucketCount } from '../figures/buckets.ts'
import { HistogramPlaces } from './histogram-places.ts'
import type { LayingOut } from './route-places.ts'

export type CountedTarget = Pick<Target, 'upstream' | 'name'>

/** The attempts at one target: where each of its series is counted. */
export class TargetPlaces {
  readonly key: string
  readonly upstream: string
  readonly target: string
  /** One for each outcome. */
  readonly attempts: number
  /** Those whose answer broke off behind its head. */
  readonly broken: number
  readonly inFlight: number
  /** Of those that came to an end of their own. */
  readonly duration: HistogramPlaces
  /** Of those that were cancelled: how long they would have taken nobody knows. */
  readonly cancelledDuration: HistogramPlaces
  readonly deliveryAttempts: number
  readonly acknowledged: number
  readonly dead: number
  readonly live: LiveTargetPlaces | undefined

  constructor(target: CountedTarget, { layout, bounds, live }: LayingOut) {
    this.upstream = target.upstream
    this.target = target.name
    this.key = targetKey(target)
    this.attempts = layout.counts(`${this.key} attempts`, attemptOutcomes.length)
    this.broken = layout.counts(`${this.key} broken`)
    this.inFlight = layout.level(`${this.key} in flight`)
    this.duration = new HistogramPlaces(layout, this.key, bounds)
    this.cancelledDuration = new HistogramPlaces(layout, `${this.key} cancelled`, bounds)
    this.deliveryAttempts = layout.counts(`${this.key} delivery attempts`)
    this.acknowledged = layout.counts(`${this.key} acknowledged`)
    this.dead = layout.counts(`${this.key} dead`)
    if (!live) return
    this.live = {
      corrections: layout.counts(`${this.key} live corrections`, attemptOutcomes.length),
      durations: layout.counts(`${this.key} live durations`, bucketCount),
    }
  }
}

/** What only the live figures tell of it. */
export interface LiveTargetPlaces {
  /** For each outcome what has to be added to its attempts, or taken away, as they turned out to be others. */
  readonly corrections: number
  /** Of answers, in the buckets of the figures. */
  readonly durations: number
}

export function targetKey({ upstream, name }: CountedTarget): string {
  return `target ${JSON.stringify([upstream, name])}`
}
