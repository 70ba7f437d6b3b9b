import { failure } from '../core/failure.ts'
import { failed, succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import { deliveriesPath } from './accept.ts'
import type { Deliveries } from './deliveries.ts'
import { type TargetView, viewOf } from './view.ts'

/** Reports the status of a write to a client that has its id. */
export function deliveryService(
  store: DeliveryStore,
  deliveries: Deliveries,
  namesTargets: (route: string) => boolean,
): Service {
  return async (request) => {
    const id = request.params['id'] ?? ''
    const stored = await store.find(id)
    if (stored === undefined) return failed(failure('NO_DELIVERY', 'No delivery has this id, or it has been removed'))
    if ('code' in stored) return failed(stored)
    const view = viewOf(stored, deliveries.active(id))
    const shown = namesTargets(view.route) ? view : { ...view, targets: view.targets.map(withoutName) }
    const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
    return succeeded(ownResponse(200, headers, Buffer.from(`${JSON.stringify(shown)}\n`)))
  }
}

/** `GET /_hedgerow/deliveries/:id` */
export function deliveryPage(service: Service): RoutedHandler {
  return ownRoute({
    method: 'GET',
    path: `${deliveriesPath}/:id`,
    what: 'delivery',
    service,
    servesWhileDraining: false,
  })
}

/** Hides the same facts as failures do on a route with `expose: none`. */
function withoutName(view: TargetView, index: number): TargetView {
  return { ...view, target: `target ${index + 1}`, detail: undefined }
}
