import { failure } from '../core/failure.ts'
import { failed, succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import { ok, type Result } from '../core/result.ts'
import type { Service } from '../core/service.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import { deliveriesPath } from './accept.ts'
import type { Deliveries } from './deliveries.ts'
import { type DeliveryView, type TargetView, viewOf } from './view.ts'

export type DeliveryStatus = Result<DeliveryView>

/** Finds the status of a write, for a client that has its id. */
export type FindDelivery = (id: string) => Promise<DeliveryStatus>

export function deliveryFinder(
  store: DeliveryStore,
  deliveries: Deliveries,
  namesTargets: (route: string) => boolean,
): FindDelivery {
  return async (id) => {
    const found = await store.find(id)
    if (!found.ok) return found
    if (found.value === undefined) return noDelivery
    const view = viewOf(found.value, deliveries.active(id))
    return ok(namesTargets(view.route) ? view : { ...view, targets: view.targets.map(withoutName) })
  }
}

export const noDelivery: DeliveryStatus = failed(
  failure('NO_DELIVERY', 'No delivery has this id, or it has been removed'),
)

/** `GET /_hedgerow/deliveries/:id` */
export function deliveryPage(find: FindDelivery): RoutedHandler {
  const service: Service = async ({ params }) => {
    const status = await find(params['id'] ?? '')
    if (!status.ok) return status
    const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
    return succeeded(ownResponse(200, headers, Buffer.from(`${JSON.stringify(status.value)}\n`)))
  }
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
