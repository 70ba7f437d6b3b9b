import type { ShedReason } from '../../core/shed-reason.ts'
import { json } from '../answer.ts'
import type { LimitListView } from '../api.ts'
import type { Inspector } from '../inspector.ts'
import type { Resource } from '../resource.ts'

/** A route with a concurrency or rate limit. */
export interface LimitedRoute {
  readonly name: string
  readonly rate: string | undefined
}

export interface LimitSources {
  readonly routes: readonly LimitedRoute[]
  readonly servers: Pick<Inspector, 'admission'>
  /** Calls shed per route since the start. */
  readonly shedOf: (route: string) => Readonly<Record<ShedReason, number>>
}

/** `/api/limits`: limits on calls in flight, and calls in flight, queued and shed. */
export function limitsResource({ routes, servers, shedOf }: LimitSources): Resource {
  return {
    path: '/api/limits',
    methods: {
      GET: async () => {
        const figures = await servers.admission()
        const views = routes.map(({ name, rate }) => ({
          route: name,
          rate,
          concurrency: figures?.routes[name],
          shed: shedOf(name),
        }))
        return json({ whole: figures?.whole, routes: views } satisfies LimitListView)
      },
    },
  }
}
