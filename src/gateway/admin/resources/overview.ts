import { type Figures, historySeconds } from '../../../telemetry/figures/figures.ts'
import { json } from '../answer.ts'
import type { OverviewView, RouteView } from '../api.ts'
import { wholeNumberIn } from '../query.ts'
import type { Resource } from '../resource.ts'

export interface OverviewSources {
  readonly version: string
  readonly startedAtMs: number
  readonly isReady: () => boolean
  readonly routes: readonly RouteView[]
  readonly features: OverviewView['features']
  readonly figures: Figures
}

/** `/api/overview`: what the gateway is, how it does now, and how it did in the last minutes. */
export function overviewResource(sources: OverviewSources): Resource {
  const { version, routes, features, figures, isReady } = sources
  const startedAt = new Date(sources.startedAtMs).toISOString()
  return {
    path: '/api/overview',
    methods: {
      GET: ({ query }) => {
        const seconds = wholeNumberIn(query, 'history', { min: 0, max: historySeconds, default: historySeconds })
        if (typeof seconds === 'object') return seconds
        const view: OverviewView = {
          version,
          startedAt,
          draining: !isReady(),
          routes,
          features,
          figures: figures.latest(),
          history: figures.history(seconds),
        }
        return json(view)
      },
    },
  }
}
