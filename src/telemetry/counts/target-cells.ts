import { attemptOutcomes, type Target } from '../../core/attempt.ts'
import { bucketCount } from '../figures/buckets.ts'
import { HistogramCells } from './histogram-cells.ts'
import type { LayingOut } from './route-cells.ts'

export type CountedTarget = Pick<Target, 'upstream' | 'name'>

/** The cells of one target's series. */
export class TargetCells {
  readonly key: string
  readonly upstream: string
  readonly target: string
  /** One for each outcome. */
  readonly attempts: number
  /** Attempts whose answer broke off after its head. */
  readonly broken: number
  readonly inFlight: number
  /** Duration of attempts that were not cancelled. */
  readonly duration: HistogramCells
  /** Duration of cancelled attempts; how long they would have taken is unknown. */
  readonly cancelledDuration: HistogramCells
  readonly deliveryAttempts: number
  readonly acknowledged: number
  readonly dead: number
  readonly live: LiveTargetCells | undefined

  constructor(target: CountedTarget, { layout, bounds, live }: LayingOut) {
    this.upstream = target.upstream
    this.target = target.name
    this.key = targetKey(target)
    this.attempts = layout.counts(`${this.key} attempts`, attemptOutcomes.length)
    this.broken = layout.counts(`${this.key} broken`)
    this.inFlight = layout.level(`${this.key} in flight`)
    this.duration = new HistogramCells(layout, this.key, bounds)
    this.cancelledDuration = new HistogramCells(layout, `${this.key} cancelled`, bounds)
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

/** Cells that only the live figures read. */
export interface LiveTargetCells {
  /**
   * For each outcome the correction to its attempts, positive or negative, when attempts turn out to have another
   * outcome.
   */
  readonly corrections: number
  /** Durations of answers, in the buckets of the live figures. */
  readonly durations: number
}

export function targetKey({ upstream, name }: CountedTarget): string {
  return `target ${JSON.stringify([upstream, name])}`
}
