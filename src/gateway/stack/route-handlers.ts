import { failurePolicy } from '../../config/derived/failure-policy.ts'
import { matchText } from '../../config/match.ts'
import type { RouteConfig } from '../../config/route-schema.ts'
import type { RoutedHandler, RouteHandler } from '../../transport/server/route-handler.ts'
import { routeStack, type StackDeps } from './route-stack.ts'

/** The routes of a configuration, each with its stack. */
export function routeHandlers(routes: readonly RouteConfig[], deps: StackDeps): readonly RoutedHandler[] {
  return routes.map((route) => ({ match: route.match, handler: handlerOf(route, deps) }))
}

function handlerOf(route: RouteConfig, deps: StackDeps): RouteHandler {
  const { service, strategy, upgrades, failureStatuses } = routeStack(route, deps)
  return {
    facts: { name: matchText(route.match), strategy, idleTimeoutMs: route.idleTimeout },
    service,
    failures: failurePolicy(route, failureStatuses),
    explain: route.explain,
    upgrades,
    servesWhileDraining: false,
  }
}
