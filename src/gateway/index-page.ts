import { matchText } from '../config/match.ts'
import type { RouteConfig } from '../config/schema.ts'
import { succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'

/** `GET /`: lists the routes, for people and programs. */
export function indexPage(
  routes: readonly { readonly config: RouteConfig; readonly strategy: string }[],
): RoutedHandler {
  const list = routes.map(({ config, strategy }) => ({ match: matchText(config.match), strategy }))
  const body = Buffer.from(`${JSON.stringify({ name: 'hedgerow', routes: list }, undefined, 2)}\n`)
  const answer = Promise.resolve(succeeded(ownResponse(200, ['content-type', 'application/json'], body)))
  return ownRoute({ method: 'GET', path: '/', what: 'index', service: () => answer, servesWhileDraining: false })
}
