import { extraKinds, failureLabels, hedgeReasons, statusClasses } from './catalogue.ts'
import type { Layout } from './cells.ts'
import { HistogramCells } from './histogram-cells.ts'

/** The calls of one route: where each of its series is counted. */
export class RouteCells {
  readonly name: string
  readonly strategy: string
  /** One for each class of status and failure. */
  readonly calls: number
  readonly inFlight: number
  readonly duration: HistogramCells
  readonly sentBytes: number
  readonly extraAttempts: number
  readonly hedgesSent: number
  readonly hedgesWon: number
  readonly hedgesDenied: number
  readonly retriesScheduled: number
  readonly retriesWon: number
  readonly retriesDenied: number
  readonly deliveriesAccepted: number

  constructor(name: string, strategy: string, layout: Layout, bucketCount: number) {
    this.name = name
    this.strategy = strategy
    this.calls = layout.counts(statusClasses.length * failureLabels.length)
    this.inFlight = layout.levels(1)
    this.duration = new HistogramCells(layout, bucketCount)
    this.sentBytes = layout.counts(1)
    this.extraAttempts = layout.counts(extraKinds.length)
    this.hedgesSent = layout.counts(hedgeReasons.length)
    this.hedgesWon = layout.counts(1)
    this.hedgesDenied = layout.counts(1)
    this.retriesScheduled = layout.counts(1)
    this.retriesWon = layout.counts(1)
    this.retriesDenied = layout.counts(1)
    this.deliveriesAccepted = layout.counts(1)
  }
}
