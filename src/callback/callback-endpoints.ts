import type { Service } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { Change } from '../kit/reload.ts'
import { bufferBody } from '../layers/buffer-body/buffer-body.ts'
import type { TicketStore } from '../store/ticket-store.ts'
import type { FailurePolicy } from '../transport/server/failure-response.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import type { CallbackConfig, CallbackRoute } from './callback-config.ts'
import { Callbacks, type CallbacksOptions, type CallbacksSettings, ticketsPath } from './callbacks.ts'
import { namesResult, type ReceiveOptions, receiveCallbacks } from './receive.ts'
import type { ReceiveEndpoint } from './receive-endpoints.ts'
import { type CallbackPeers, type CallbackReceiver, callbackReceiver } from './take-callback.ts'
import { ticketPage } from './ticket-page.ts'
import type { Keys } from './token.ts'
import { type TokenLocation, tokenBy } from './token-placement.ts'

export interface CallbackEndpointsOptions {
  readonly keys: () => Keys
  /** For results that need not outlive the process. */
  readonly memory: TicketStore
  /** Set when a route is `durable`. */
  readonly durable: TicketStore | undefined
  /** Number of tickets that clients hold, in all workers. */
  readonly promises: NonNullable<CallbacksOptions['promises']>
  readonly clock: Clock
  /** Known once the front listens, which is before any backend is called. */
  readonly frontPort: () => number
  /** Set when several workers take callbacks. */
  readonly peers?: CallbackPeers | undefined
  readonly reportBug: (error: unknown, about: string) => void
}

export interface CallbackEndpointsConfig {
  readonly callbacks: CallbackConfig
  /** Callback endpoints of this configuration and of earlier ones. */
  readonly endpoints: readonly ReceiveEndpoint[]
  readonly durable: TicketStore | undefined
}

export interface CallbackEndpointsChange extends Change {
  /** The callback and ticket endpoints on the front. */
  readonly handlers: readonly RoutedHandler[]
}

/** Exists once a route uses `callback`. */
export interface CallbackEndpoints {
  readonly callbacks: Callbacks
  /** Takes callbacks that came in at other workers. */
  readonly receiver: CallbackReceiver
  /** Also for a configuration without callback routes. Waiting clients keep waiting; tickets and results stay. */
  prepare(next: CallbackEndpointsConfig): CallbackEndpointsChange
  close(): void
}

/** Also without callback routes: results of earlier calls may still arrive. */
export function startCallbackEndpoints(config: CallbackConfig, options: CallbackEndpointsOptions): CallbackEndpoints {
  const { clock, peers } = options
  const callbacks = new Callbacks({ ...options, ...settingsOf(config.shared, options) })
  const policies = new Map<string, FailurePolicy>()
  const policyOf = (route: string): FailurePolicy => policies.get(route) ?? { mappings: {}, listAttempts: false }
  const tickets = ownRoute({
    method: 'GET',
    path: `${ticketsPath}/:id`,
    what: 'ticket',
    service: ticketPage({ callbacks, clock, policyOf }),
    // Clients that wait during a shutdown depend on these endpoints.
    servesWhileDraining: true,
  })
  return {
    callbacks,
    receiver: callbackReceiver(callbacks, clock),
    prepare: ({ callbacks: { routes, shared }, endpoints, durable }) => ({
      handlers: [...receivers(endpoints, { callbacks, clock, peers }), tickets],
      commit: () => {
        callbacks.update(settingsOf(shared, { ...options, durable }))
        // Failures of a removed route are mapped as it mapped them, until a new route has its name.
        for (const [name, policy] of policiesOf(routes)) policies.set(name, policy)
      },
      rollback: () => {},
    }),
    close: () => callbacks.close(),
  }
}

function settingsOf(
  { url, tickets }: CallbackConfig['shared'],
  { frontPort, durable }: Pick<CallbackEndpointsOptions, 'frontPort' | 'durable'>,
): CallbacksSettings {
  return {
    publicUrl: () => url ?? `http://localhost:${frontPort()}`,
    durable,
    keepMs: tickets.keep,
    fetchOnce: tickets.fetch === 'once',
    maxTickets: tickets.limit,
  }
}

/** By route name, and by the path of its callbacks. */
function policiesOf(routes: readonly CallbackRoute[]): ReadonlyMap<string, FailurePolicy> {
  return new Map(
    routes.flatMap(({ name, callback, failures }) => [
      [name, failures],
      [callback.receive.path, failures],
    ]),
  )
}

type ReceiversOptions = Pick<ReceiveOptions, 'callbacks' | 'clock' | 'peers'>

/** Callback handlers on the front, one for each path. */
function receivers(endpoints: readonly ReceiveEndpoint[], options: ReceiversOptions): readonly RoutedHandler[] {
  const byPath = Map.groupBy(endpoints, ({ receive }) => receive.path)
  // Clients that wait during a shutdown depend on these endpoints.
  const facts = { method: 'POST', what: 'receive', servesWhileDraining: true } as const
  return [...byPath].map(([path, sharing]) => ownRoute({ ...facts, path, service: serviceOf(sharing, options) }))
}

interface Receiver {
  readonly location: TokenLocation
  readonly service: Service
}

/** Endpoints at one path differ only in the location of the token; limits on the result come with the call. */
function serviceOf(endpoints: readonly ReceiveEndpoint[], options: ReceiversOptions): Service {
  const maxBytes = Math.max(...endpoints.map(({ maxAnswer }) => maxAnswer))
  const byId = Map.groupBy(endpoints, ({ receive }) => receive.id)
  const all = [...byId].map(
    ([id, sharing]): Receiver => ({
      location: tokenBy(id),
      service: receiveCallbacks({ ...options, receive: (sharing[0] as ReceiveEndpoint).receive, maxBytes }),
    }),
  )
  const [first] = all as [Receiver]
  if (all.length === 1) return first.service
  const inBody = all.filter(({ location }) => !location.isInHead)
  const byBody = bufferBody(maxBytes)(async (whole, call) => {
    for (const { location, service } of inBody)
      if (await namesResult(location, whole, call)) return service(whole, call)
    return first.service(whole, call)
  })
  const others = inBody.length > 1 ? byBody : (inBody[0] ?? first).service
  return (request, call) => {
    for (const { location, service } of all) {
      if (location.isInHead && location.tokenOf(request) !== undefined) return service(request, call)
    }
    return others(request, call)
  }
}
