import { attemptOutcomes } from '../../core/attempt.ts'
import type { Layout } from './cells.ts'
import { HistogramCells } from './histogram-cells.ts'

/** The attempts at one target: where each of its series is counted. */
export class TargetCells {
  readonly upstream: string
  readonly target: string
  /** One for each outcome. */
  readonly attempts: number
  /** Those whose answer broke off behind its head. */
  readonly broken: number
  readonly inFlight: number
  readonly duration: HistogramCells
  readonly deliveryAttempts: number
  readonly acknowledged: number
  readonly dead: number

  constructor(upstream: string, target: string, layout: Layout, bucketCount: number) {
    this.upstream = upstream
    this.target = target
    this.attempts = layout.counts(attemptOutcomes.length)
    this.broken = layout.counts(1)
    this.inFlight = layout.levels(1)
    this.duration = new HistogramCells(layout, bucketCount)
    this.deliveryAttempts = layout.counts(1)
    this.acknowledged = layout.counts(1)
    this.dead = layout.counts(1)
  }
}
