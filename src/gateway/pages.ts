import { succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import type { RoutedHandler } from './router.ts'

export interface PageText {
  readonly contentType: string
  readonly body: string
}

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

/** A page of the gateway's own that anybody may read: `GET path`. */
export function ownPage(path: string, what: string, service: Service): RoutedHandler {
  // Whoever watches the gateway wants to see how it ends.
  return ownRoute({ method: 'GET', path, what, service, servesWhileDraining: true })
}

export function textService(text: () => PageText | Promise<PageText>): Service {
  return async () => {
    const { contentType, body } = await text()
    const headers = ['content-type', contentType, 'cache-control', 'no-store']
    return succeeded(ownResponse(200, headers, Buffer.from(body)))
  }
}
