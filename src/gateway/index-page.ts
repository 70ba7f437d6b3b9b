import { matchText } from '../config/match.ts'
import type { RouteConfig } from '../config/schema.ts'
import { succeeded } from '../core/outcome.ts'
import type { RoutedHandler } from './router.ts'

/** `GET /`: the routes that there are, for a person or a program that looks around. */
export function indexPage(
  routes: readonly { readonly config: RouteConfig; readonly strategy: string }[],
): RoutedHandler {
  const list = routes.map(({ config, strategy }) => ({ match: matchText(config.match), strategy }))
  const body = Buffer.from(`${JSON.stringify({ name: 'hedgerow', routes: list }, undefined, 2)}\n`)
  const response = {
    status: 200,
    headers: ['content-type', 'application/json'],
    body,
    attempt: undefined,
    upgraded: undefined,
  }
  return {
    match: { methods: ['GET'], path: '/' },
    handler: {
      facts: { name: 'GET /', strategy: 'index', idleTimeoutMs: 30_000 },
      service: () => Promise.resolve(succeeded(response)),
      failures: { mappings: {}, listAttempts: true },
      explain: false,
      upgrades: false,
      servesWhileDraining: false,
    },
  }
}
