import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Service } from '../core/service.ts'
import { callbackDeadlineMs, callbackFailureStatuses } from '../flows/callback/callback.ts'
import { Callbacks, callbackGraceMs, ticketsPath } from '../flows/callback/callbacks.ts'
import { KeyFile } from '../flows/callback/key-file.ts'
import { receiveCallbacks } from '../flows/callback/receive.ts'
import { ticketPage } from '../flows/callback/ticket-page.ts'
import { type Keys, keyOf } from '../flows/callback/token.ts'
import type { Clock } from '../kit/clock.ts'
import { memoryTickets } from '../store/memory-tickets.ts'
import type { TicketStore } from '../store/ticket-store.ts'
import { resolveDeadline } from '../strategies/deadline/options.ts'
import type { FailurePolicy } from '../transport/server/failure-response.ts'
import { failurePolicy } from './failure-policy.ts'
import { type OwnRoute, ownRoute } from './own-page.ts'
import type { RoutedHandler } from './router.ts'
import { StartFault } from './start-fault.ts'
import { pathIn } from './storing.ts'

export interface CallingBackOptions {
  /** Where a relative path begins: the folder of the configuration file. */
  readonly folder: string
  readonly durable: TicketStore | undefined
  readonly clock: Clock
  /** Known once the front listens, which is before a backend is asked. */
  readonly frontPort: () => number
  readonly log: (text: string) => void
  readonly logFault: (fault: unknown, about: string) => void
}

/** What is there once a route waits for callbacks. */
export interface CallingBack {
  readonly callbacks: Callbacks
  /** Where callbacks come in and tickets are shown, on the front. */
  readonly handlers: readonly RoutedHandler[]
  close(): void
}

/** Undefined where no route waits for callbacks. */
export function startCallingBack(config: Config, options: CallingBackOptions): CallingBack | undefined {
  const routes = config.routes.filter(({ callback }) => callback !== undefined)
  if (routes.length === 0) return undefined
  const { clock, frontPort } = options
  const { url, tickets } = config.callbacks
  const { keys, close } = openKeys(config, routes, options)
  const callbacks = new Callbacks({
    clock,
    keys,
    publicUrl: () => url ?? `http://localhost:${frontPort()}`,
    memory: memoryTickets({ maxTickets: tickets.limit, maxBytes: tickets.size }),
    durable: options.durable,
    keepMs: tickets.keep,
    fetchOnce: tickets.fetch === 'once',
    maxTickets: tickets.limit,
    logFault: options.logFault,
  })
  const wallNow = (): number => clock.wallNow()
  return {
    callbacks,
    handlers: [...receivers(routes, callbacks, wallNow), ticketHandler(routes, callbacks, wallNow)],
    close: () => {
      callbacks.close()
      close()
    },
  }
}

function openKeys(
  { callbacks }: Config,
  routes: readonly RouteConfig[],
  { folder, clock, log }: CallingBackOptions,
): { readonly keys: () => Keys; readonly close: () => void } {
  const { key, previousKeys, keyFile, keyRotation, tickets } = callbacks
  if (key !== undefined) {
    const keys: Keys = [keyOf(key), ...previousKeys.map(keyOf)]
    return { keys: () => keys, close: () => {} }
  }
  const path = pathIn(folder, keyFile)
  // A result that comes in the last moment is kept as long as any other. A second, as tokens expire at whole ones.
  const tokenLifeMs = longestDeadlineMs(routes) + callbackGraceMs(tickets.keep) + tickets.keep + 1000
  const opened = KeyFile.open({ path, clock, rotationMs: keyRotation, tokenLifeMs, log })
  if (!opened.ok) throw new StartFault(opened.fault)
  return { keys: () => opened.keys.keys, close: () => opened.keys.close() }
}

function longestDeadlineMs(routes: readonly RouteConfig[]): number {
  return Math.max(...routes.map(({ deadline }) => resolveDeadline(deadline, callbackDeadlineMs).max))
}

/** One for each path: routes that share it agree on how callbacks are read, as the configuration's check has seen to. */
function receivers(
  routes: readonly RouteConfig[],
  callbacks: Callbacks,
  wallNow: () => number,
): readonly RoutedHandler[] {
  const byPath = new Map<string, RouteConfig['callback'][]>()
  for (const { callback } of routes) {
    const path = callback?.receive.path ?? ''
    byPath.set(path, [...(byPath.get(path) ?? []), callback])
  }
  return [...byPath].flatMap(([path, sharing]): readonly RoutedHandler[] => {
    const receive = sharing[0]?.receive
    if (receive === undefined) return []
    const maxBytes = Math.max(...sharing.map((options) => options?.maxAnswer ?? 0))
    const service = receiveCallbacks({ receive, maxBytes, callbacks, wallNow })
    return [neededRoute('POST', path, 'receive', service)]
  })
}

function ticketHandler(routes: readonly RouteConfig[], callbacks: Callbacks, wallNow: () => number): RoutedHandler {
  const policies = new Map<string, FailurePolicy>()
  for (const route of routes) {
    const policy = failurePolicy(route, callbackFailureStatuses)
    policies.set(matchText(route.match), policy)
    if (route.callback !== undefined) policies.set(route.callback.receive.path, policy)
  }
  const policyOf = (route: string): FailurePolicy => policies.get(route) ?? { mappings: {}, listAttempts: false }
  return neededRoute('GET', `${ticketsPath}/:id`, 'ticket', ticketPage({ callbacks, wallNow, policyOf }))
}

/** Whoever waits while the gateway shuts down waits for these. */
function neededRoute(method: OwnRoute['method'], path: string, what: string, service: Service): RoutedHandler {
  return ownRoute({ method, path, what, service, servesWhileDraining: true })
}
