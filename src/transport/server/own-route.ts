import type { Service } from '../../core/service.ts'
import type { RoutedHandler } from './route-handler.ts'

export interface OwnRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** What it is called where a route's strategy is told. */
  readonly what: string
  readonly service: Service
  readonly servesWhileDraining: boolean
}

/** A route of the gateway's own, beside those of the configuration. */
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
