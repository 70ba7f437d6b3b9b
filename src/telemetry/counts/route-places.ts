import { bucketCount } from '../figures/buckets.ts'
import { extraKinds, failureLabels, hedgeReasons, shedReasons, statusClasses } from '../metrics/catalogue.ts'
import type { Bounds } from './bounds.ts'
import { HistogramPlaces } from './histogram-places.ts'
import type { Layout } from './layout.ts'

/** A route as it is counted. With another strategy it is another one: what it counts differs. */
export interface CountedRoute {
  readonly name: string
  readonly strategy: string
}

export interface LayingOut {
  readonly layout: Layout
  readonly bounds: Bounds
  /** Whether there are live figures. */
  readonly live: boolean
}

/** The calls of one route: where each of its series is counted. */
export class RoutePlaces {
  readonly key: string
  readonly name: string
  readonly strategy: string
  /** One for each class of status and failure. */
  readonly calls: number
  readonly inFlight: number
  readonly duration: HistogramPlaces
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
  readonly live: LiveRoutePlaces | undefined

  constructor({ name, strategy }: CountedRoute, { layout, bounds, live }: LayingOut) {
    this.name = name
    this.strategy = strategy
    this.key = routeKey({ name, strategy })
    this.calls = layout.counts(`${this.key} calls`, statusClasses.length * failureLabels.length)
    this.inFlight = layout.level(`${this.key} in flight`)
    this.duration = new HistogramPlaces(layout, this.key, bounds)
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
    this.live = live ? new LiveRoutePlaces(this.key, layout) : undefined
  }
}

/** What only the live figures tell of it. */
export class LiveRoutePlaces {
  /** Of calls that have ended. */
  readonly attempts: number
  readonly extra: number
  readonly rescued: number
  /** In the buckets of the figures. */
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
