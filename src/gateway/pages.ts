import type { Inspector } from '../admin/inspector.ts'
import { deliveryPage, type FindDelivery } from '../broadcast/delivery-page.ts'
import { matchText } from '../config/match.ts'
import { succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import type { Metrics } from '../telemetry/metrics/metrics.ts'
import type { ConnectionFigures } from '../transport/server/connection-counts.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler, RouteMatch } from '../transport/server/route-handler.ts'

export interface PageText {
  readonly contentType: string
  readonly body: string
}

/** Public pages that cover all threads. Workers have them as a remote object. */
export interface Pages {
  metrics(): Promise<PageText>
  status(): Promise<PageText>
}

export function pagesOf(metrics: Metrics, servers: Inspector): Pages {
  return {
    metrics: () => metrics.render(),
    status: async () => statusText(await servers.connections()),
  }
}

interface ListedRoute {
  readonly match: RouteMatch
  readonly strategy: { readonly name: string }
}

/** The options that decide which pages the front has. */
export interface PagesConfig {
  readonly routes: readonly ListedRoute[]
  readonly metrics: { readonly path?: string | undefined }
  readonly status?: { readonly path: string } | undefined
  readonly index: boolean
}

/** The gateway's own pages on the front. A configured route that has the same path must come before them. */
export function pageRoutes(config: PagesConfig, pages: Pages, findDelivery: FindDelivery): readonly RoutedHandler[] {
  const { routes, metrics, status, index } = config
  const hasDeliveries = routes.some(({ strategy }) => strategy.name === 'broadcast')
  return [
    ...(metrics.path === undefined ? [] : [pageRoute(metrics.path, 'metrics', () => pages.metrics())]),
    ...(status === undefined ? [] : [pageRoute(status.path, 'status', () => pages.status())]),
    ...(index ? [indexPage(routes)] : []),
    ...(hasDeliveries ? [deliveryPage(findDelivery)] : []),
  ]
}

function pageRoute(path: string, what: string, text: () => Promise<PageText>): RoutedHandler {
  const service: Service = async () => {
    const { contentType, body } = await text()
    const headers = ['content-type', contentType, 'cache-control', 'no-store']
    return succeeded(ownResponse(200, headers, Buffer.from(body)))
  }
  // Monitoring should also see the gateway drain.
  return ownRoute({ method: 'GET', path, what, service, servesWhileDraining: true })
}

/**
 * The front's connections in the format of nginx's `stub_status`. Byte for byte, including blanks at line ends:
 * programs parse it.
 */
function statusText(figures: ConnectionFigures): PageText {
  const { active, accepted, refused, requests, reading, writing, waiting } = figures
  const lines = [
    `Active connections: ${active} `,
    'server accepts handled requests',
    // Connections closed at once count as accepted but not handled.
    ` ${accepted + refused} ${accepted} ${requests} `,
    `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} `,
  ]
  return { contentType: 'text/plain', body: `${lines.join('\n')}\n` }
}

/** `GET /`: lists the routes, for people and programs. */
export function indexPage(routes: readonly ListedRoute[]): RoutedHandler {
  const list = routes.map(({ match, strategy }) => ({ match: matchText(match), strategy: strategy.name }))
  const body = Buffer.from(`${JSON.stringify({ name: 'hedgerow', routes: list }, undefined, 2)}\n`)
  const answer = Promise.resolve(succeeded(ownResponse(200, ['content-type', 'application/json'], body)))
  return ownRoute({ method: 'GET', path: '/', what: 'index', service: () => answer, servesWhileDraining: false })
}
