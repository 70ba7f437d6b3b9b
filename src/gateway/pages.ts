import { succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'

export interface PageText {
  readonly contentType: string
  readonly body: string
}

/** A public page served by the gateway itself: `GET path`. */
export function ownPage(path: string, what: string, service: Service): RoutedHandler {
  // Monitoring should also see the gateway drain.
  return ownRoute({ method: 'GET', path, what, service, servesWhileDraining: true })
}

export function textService(text: () => PageText | Promise<PageText>): Service {
  return async () => {
    const { contentType, body } = await text()
    const headers = ['content-type', contentType, 'cache-control', 'no-store']
    return succeeded(ownResponse(200, headers, Buffer.from(body)))
  }
}
