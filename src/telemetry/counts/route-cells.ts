import { bucketCount } from '../figures/buckets.ts'
import { extraKinds, failureLabels, hedgeReasons, shedReasons, statusClasses } from '../metrics/catalogue.ts'
import type { Bounds } from './bounds.ts'
import { HistogramCells } from './histogram-cells.ts'
import type { Layout } from './layout.ts'

/** A route for counting. Another strategy makes it another route, because it counts other things. */
export interface CountedRoute {
  readonly name: string
  readonly strategy: string
}

export interface LayingOut {
  readonly layout: Layout
  readonly bounds: Bounds
  /** Whether live figures are on. */
  readonly live: boolean
}

/** The cells of one route's series. */
export class RouteCells {
  readonly key: string
  readonly name: string
  readonly strategy: string
  /** One for each pair of status class and failure. */
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
  readonly shed: number
  readonly live: LiveRouteCells | undefined

  constructor({ name, strategy }: CountedRoute, { layout, bounds, live }: LayingOut) {
    this.name = name
    this.strategy = strategy
    this.key = routeKey({ name, strategy })
    this.calls = layout.counts(`${this.key} calls`, statusClasses.length * failureLabels.length)
    this.inFlight = layout.level(`${this.key} in flight`)
    this.duration = new HistogramCells(layout, this.key, bounds)
    this.sentBytes = layout.counts(`${this.key} sent bytes`)
    this.extraAttempts = layout.counts(`${this.key} extra attempts`, extraKinds.length)
    this.hedgesSent = layout.counts(`${this.key} hedges sent`, hedgeReasons.length)
    this.hedgesWon = layout.counts(`${this.key} hedges won`)
    this.hedgesDenied = layout.counts(`${this.key} hedges denied`)
    this.retriesScheduled = layout.counts(`${this.key} retries scheduled`)
    this.retriesWon = layout.counts(`${this.key} retries won`)
    this.retriesDenied = layout.counts(`${this.key} retries denied`)
    this.deliveriesAccepted = layout.counts(`${this.key} deliveries accepted`)
    this.shed = layout.counts(`${this.key} shed`, shedReasons.length)
    this.live = live ? new LiveRouteCells(this.key, layout) : undefined
  }
}

/** Cells that only the live figures read. */
export class LiveRouteCells {
  /** Attempts of ended calls. */
  readonly attempts: number
  readonly extra: number
  readonly rescued: number
  /** In the buckets of the live figures. */
  readonly durations: number

  constructor(key: string, layout: Layout) {
    this.attempts = layout.counts(`${key} live attempts`)
    this.extra = layout.counts(`${key} live extra`)
    this.rescued = layout.counts(`${key} live rescued`)
    this.durations = layout.counts(`${key} live durations`, bucketCount)
  }
}

export function routeKey({ name, strategy }: CountedRoute): string {
  return `route ${JSON.stringify([name, strategy])}`
}
