import type { Service } from '../../core/service.ts'
import type { RoutedHandler } from './route-handler.ts'

export interface OwnRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Reported as the strategy of the route. */
  readonly what: string
  readonly service: Service
  readonly servesWhileDraining: boolean
}

/** A route that the gateway itself serves, besides the configured ones. */
export function ownRoute({ method, path, what, service, servesWhileDraining }: OwnRoute): RoutedHandler {
  return {
    match: { methods: [method], path },
    handler: {
      facts: { name: `${method} ${path}`, strategy: what, idleTimeoutMs: 30_000 },
      service,
      failures: { mappings: {}, listAttempts: false },
      explain: false,
      upgrades: false,
      servesWhileDraining,
    },
  }
}
