import type { Service } from '../core/service.ts'
import { bufferBody } from '../layers/buffer-body/buffer-body.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import type { Callbacks } from './callbacks.ts'
import { type Elsewhere, namesResult, receiveCallbacks } from './receive.ts'
import type { ReceiveEndpoint } from './receive-endpoints.ts'
import { type TokenPlace, tokenBy } from './token-placement.ts'

export interface ReceiversOptions {
  readonly callbacks: Callbacks
  readonly wallNow: () => number
  readonly elsewhere?: Elsewhere | undefined
}

/** Callback handlers on the front, one for each path. */
export function receivers(endpoints: readonly ReceiveEndpoint[], options: ReceiversOptions): readonly RoutedHandler[] {
  const byPath = Map.groupBy(endpoints, ({ receive }) => receive.path)
  // Clients that wait during a shutdown depend on these endpoints.
  const facts = { method: 'POST', what: 'receive', servesWhileDraining: true } as const
  return [...byPath].map(([path, sharing]) => ownRoute({ ...facts, path, service: serviceOf(sharing, options) }))
}

interface Receiver {
  readonly place: TokenPlace
  readonly service: Service
}

/** Endpoints at one path differ only in the position of the token; limits on the result come with the call. */
function serviceOf(endpoints: readonly ReceiveEndpoint[], options: ReceiversOptions): Service {
  const maxBytes = Math.max(...endpoints.map(({ maxAnswer }) => maxAnswer))
  const byId = Map.groupBy(endpoints, ({ receive }) => receive.id)
  const all = [...byId].map(
    ([id, sharing]): Receiver => ({
      place: tokenBy(id),
      service: receiveCallbacks({ ...options, receive: (sharing[0] as ReceiveEndpoint).receive, maxBytes }),
    }),
  )
  const [first] = all as [Receiver]
  if (all.length === 1) return first.service
  const inBody = all.filter(({ place }) => !place.isInHead)
  const byBody = bufferBody(maxBytes)(async (whole, call) => {
    for (const { place, service } of inBody) if (await namesResult(place, whole, call)) return service(whole, call)
    return first.service(whole, call)
  })
  const others = inBody.length > 1 ? byBody : (inBody[0] ?? first).service
  return (request, call) => {
    for (const { place, service } of all) {
      if (place.isInHead && place.tokenOf(request) !== undefined) return service(request, call)
    }
    return others(request, call)
  }
}
