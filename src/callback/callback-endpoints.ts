import type { Clock } from '../kit/clock.ts'
import type { TicketStore } from '../store/ticket-store.ts'
import type { FailurePolicy } from '../transport/server/failure-response.ts'
import { ownRoute } from '../transport/server/own-route.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import type { CallbackConfig, CallbackRoute } from './callback-config.ts'
import { Callbacks, type CallbacksOptions, type CallbacksSettings, ticketsPath } from './callbacks.ts'
import type { Elsewhere } from './receive.ts'
import type { ReceiveEndpoint } from './receive-endpoints.ts'
import { receivers } from './receivers.ts'
import { ticketPage } from './ticket-page.ts'
import type { Keys } from './token.ts'

export interface CallbackEndpointsOptions {
  readonly keys: () => Keys
  /** How callbacks come in, by this configuration and those before. */
  readonly endpoints: () => readonly ReceiveEndpoint[]
  /** For results that need not outlive the process. */
  readonly memory: TicketStore
  /** There where a route is `durable`. */
  readonly durable: TicketStore | undefined
  /** How many tickets clients hold, of all workers. */
  readonly promises: NonNullable<CallbacksOptions['promises']>
  readonly clock: Clock
  /** Known once the front listens, which is before a backend is asked. */
  readonly frontPort: () => number
  /** There where several threads take callbacks. */
  readonly elsewhere?: Elsewhere | undefined
  readonly reportBug: (fault: unknown, about: string) => void
}

/** Another configuration, before it is in force. */
export interface CallbackEndpointsChange {
  /** Where callbacks come in and tickets are shown by it, on the front. */
  readonly handlers: readonly RoutedHandler[]
  commit(): void
}

/** What is there once a route waits for callbacks. */
export interface CallbackEndpoints {
  readonly callbacks: Callbacks
  /** Also for one in which no route waits any more. Who waits, waits on, and can be reached; tickets and results stay. */
  prepare(config: CallbackConfig, durable: TicketStore | undefined): CallbackEndpointsChange
  close(): void
}

/** Also where no route waits any more: what is still to come is for calls of before. */
export function startCallbackEndpoints(config: CallbackConfig, options: CallbackEndpointsOptions): CallbackEndpoints {
  const { clock, elsewhere } = options
  const wallNow = (): number => clock.wallNow()
  const callbacks = new Callbacks({ ...options, ...settingsOf(config.shared, options) })
  const policies = new Map<string, FailurePolicy>()
  const policyOf = (route: string): FailurePolicy => policies.get(route) ?? { mappings: {}, listAttempts: false }
  const tickets = ownRoute({
    method: 'GET',
    path: `${ticketsPath}/:id`,
    what: 'ticket',
    service: ticketPage({ callbacks, wallNow, policyOf }),
    // Whoever waits while the gateway shuts down waits for these.
    servesWhileDraining: true,
  })
  return {
    callbacks,
    prepare: ({ routes, shared }, durable) => ({
      handlers: [...receivers(options.endpoints(), { callbacks, wallNow, elsewhere }), tickets],
      commit: () => {
        callbacks.update(settingsOf(shared, { ...options, durable }))
        // What is over is told as its route told it, until another of the name does.
        for (const [name, policy] of policiesOf(routes)) policies.set(name, policy)
      },
    }),
    close: () => callbacks.close(),
  }
}

function settingsOf(
  { url, tickets }: CallbackConfig['shared'],
  { keys, frontPort, durable }: Pick<CallbackEndpointsOptions, 'keys' | 'frontPort' | 'durable'>,
): CallbacksSettings {
  return {
    keys,
    publicUrl: () => url ?? `http://localhost:${frontPort()}`,
    durable,
    keepMs: tickets.keep,
    fetchOnce: tickets.fetch === 'once',
    maxTickets: tickets.limit,
  }
}

/** By the route, and by the path at which its results come in. */
function policiesOf(routes: readonly CallbackRoute[]): ReadonlyMap<string, FailurePolicy> {
  return new Map(
    routes.flatMap(({ name, callback, failures }) => [
      [name, failures],
      [callback.receive.path, failures],
    ]),
  )
}
