import { deliveryPage } from '../broadcast/delivery-page.ts'
import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Service } from '../core/service.ts'
import type { RoutedHandler, RouteHandler } from '../transport/server/route-handler.ts'
import { failurePolicy } from './failure-policy.ts'
import { indexPage } from './index-page.ts'
import { type MainThreadApi, mainThreadServices } from './main-thread.ts'
import { type RouteStack, routeStack, type StackDeps } from './route-stack.ts'
import { watchPages } from './telemetry/metric-sources.ts'

interface Route extends RoutedHandler {
  readonly config: RouteConfig
  readonly strategy: string
}

/** What a configuration serves at its front: its routes, and the gateway's own pages. */
export function routedHandlers(config: Config, mainThread: MainThreadApi, deps: StackDeps): readonly RoutedHandler[] {
  const routes = config.routes.map((route): Route => {
    const stack = routeStack(route, deps)
    return { config: route, strategy: stack.strategy, match: route.match, handler: handlerOf(route, stack) }
  })
  const page = (name: string): Service => mainThread.service(name)
  const all: RoutedHandler[] = [
    ...routes,
    ...watchPages(config, { metrics: page(mainThreadServices.metrics), status: page(mainThreadServices.status) }),
  ]
  if (config.index) all.push(indexPage(routes))
  if (routes.some(({ strategy }) => strategy === 'broadcast')) all.push(deliveryPage(page(mainThreadServices.delivery)))
  return all
}

function handlerOf(route: RouteConfig, stack: RouteStack): RouteHandler {
  return {
    facts: { name: matchText(route.match), strategy: stack.strategy, idleTimeoutMs: route.idleTimeout },
    service: stack.service,
    failures: failurePolicy(route, stack.failureStatuses),
    explain: route.explain,
    upgrades: stack.upgrades,
    servesWhileDraining: false,
  }
}
