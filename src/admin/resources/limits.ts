import type { ShedReason } from '../../core/shed-reason.ts'
import { json } from '../answer.ts'
import type { LimitListView } from '../api.ts'
import type { Inspector } from '../inspector.ts'
import type { Resource } from '../resource.ts'

/** A route of which something is limited. */
export interface LimitedRoute {
  readonly name: string
  readonly rate: string | undefined
}

export interface LimitSources {
  readonly routes: readonly LimitedRoute[]
  readonly servers: Pick<Inspector, 'admission'>
  /** Of a route, since the start. */
  readonly shedOf: (route: string) => Readonly<Record<ShedReason, number>>
}

/** `/api/limits`: how many calls may be in flight, are, wait, and were shed. */
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
