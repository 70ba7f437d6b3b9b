import type { Service } from '../core/service.ts'
import type { Callbacks } from '../flows/callback/callbacks.ts'
import { isInHead } from '../flows/callback/correlation.ts'
import { type Elsewhere, namesResult, receiveCallbacks } from '../flows/callback/receive.ts'
import { holdBody } from '../strategies/hold-body/hold-body.ts'
import type { Way } from './callback-ways.ts'
import { ownRoute } from './own-page.ts'
import type { RoutedHandler } from './router.ts'

export interface ReceiversOptions {
  readonly callbacks: Callbacks
  readonly wallNow: () => number
  readonly elsewhere?: Elsewhere | undefined
}

/** Where callbacks come in, on the front: one for each path. */
export function receivers(ways: readonly Way[], options: ReceiversOptions): readonly RoutedHandler[] {
  const byPath = Map.groupBy(ways, ({ receive }) => receive.path)
  // Whoever waits while the gateway shuts down waits for these.
  const facts = { method: 'POST', what: 'receive', servesWhileDraining: true } as const
  return [...byPath].map(([path, sharing]) => ownRoute({ ...facts, path, service: serviceOf(sharing, options) }))
}

/** Where the id is looked for is all that ways differ in here: what a result may be is known by its call. */
function serviceOf(ways: readonly Way[], options: ReceiversOptions): Service {
  const maxBytes = Math.max(...ways.map(({ maxAnswer }) => maxAnswer))
  const byId = Map.groupBy(ways, ({ receive }) => receive.id)
  const services = [...byId].map(([id, sharing]) => ({
    isInHead: isInHead(id),
    names: namesResult(id),
    service: receiveCallbacks({ ...options, receive: (sharing[0] as Way).receive, maxBytes }),
  }))
  const [first] = services as [(typeof services)[number]]
  if (services.length === 1) return first.service
  const inHead = services.filter((one) => one.isInHead)
  const inBody = services.filter((one) => !one.isInHead)
  const byBody = holdBody(maxBytes)((whole, call) => {
    return (inBody.find(({ names }) => names(whole)) ?? first).service(whole, call)
  })
  const others = inBody.length > 1 ? byBody : (inBody[0] ?? first).service
  return (request, call) => (inHead.find(({ names }) => names(request))?.service ?? others)(request, call)
}
