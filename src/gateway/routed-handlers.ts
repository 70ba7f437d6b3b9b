import { deliveryPage } from '../broadcast/delivery-page.ts'
import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { RoutedHandler, RouteHandler } from '../transport/server/route-handler.ts'
import { failurePolicy } from './failure-policy.ts'
import type { MainThreadApi } from './main-thread.ts'
import { indexPage, type Pages, pageRoutes } from './pages.ts'
import { type RouteStack, routeStack, type StackDeps } from './route-stack.ts'

interface Route extends RoutedHandler {
  readonly config: RouteConfig
  readonly strategy: string
}

export interface PageSources {
  readonly mainThread: Pick<MainThreadApi, 'deliveryStatus'>
  readonly pages: Pages
}

/** The handlers of a configuration: its routes, and the gateway's own pages. */
export function routedHandlers(
  config: Config,
  { mainThread, pages }: PageSources,
  deps: StackDeps,
): readonly RoutedHandler[] {
  const routes = config.routes.map((route): Route => {
    const stack = routeStack(route, deps)
    return { config: route, strategy: stack.strategy, match: route.match, handler: handlerOf(route, stack) }
  })
  const all: RoutedHandler[] = [...routes, ...pageRoutes(config, pages)]
  if (config.index) all.push(indexPage(routes))
  if (routes.some(({ strategy }) => strategy === 'broadcast'))
    all.push(deliveryPage((id) => mainThread.deliveryStatus(id)))
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
