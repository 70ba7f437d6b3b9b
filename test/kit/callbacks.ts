import type { Readable } from 'node:stream'
import type { z } from 'zod'
import { callbackDeadlineMs, callbackStrategy } from '../../src/callback/callback.ts'
import { Callbacks, type CallbacksOptions } from '../../src/callback/callbacks.ts'
import { type CallbackOptions, callbackOptions } from '../../src/callback/options.ts'
import { receiveCallbacks } from '../../src/callback/receive.ts'
import { termsOf } from '../../src/callback/result-rules.ts'
import type { CallbackPeers } from '../../src/callback/take-callback.ts'
import { TicketExpiry } from '../../src/callback/ticket-expiry.ts'
import { ticketPage } from '../../src/callback/ticket-page.ts'
import { keyOf } from '../../src/callback/token.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import type { GatewayRequest } from '../../src/core/request.ts'
import type { Layer, Service } from '../../src/core/service.ts'
import { anyExtraLoad } from '../../src/kit/budgets.ts'
import { SharedMemory } from '../../src/kit/shared-memory.ts'
import { deadline } from '../../src/layers/deadline/deadline.ts'
import { deadlineOptions, resolveDeadline } from '../../src/layers/deadline/options.ts'
import { memoryTickets } from '../../src/store/memory-tickets.ts'
import type { TicketKeeper } from '../../src/store/ticket-store.ts'
import { callOf, requestOf, type Watched, watch } from './calls.ts'
import { FakeUpstream } from './fake-upstream.ts'
import { VirtualClock } from './virtual-clock.ts'

export const someKey = keyOf('a secret of the tests, long enough for one')
export const wideTickets = { maxTickets: 10_000, maxBytes: 1e8 }

export const someTerms = termsOf({ maxAnswer: 1e6, status: undefined })

export interface CallbackSceneOptions {
  /** Options of the route. */
  readonly route?: Partial<z.input<typeof callbackOptions>>
  readonly deadline?: z.input<typeof deadlineOptions>
  readonly script?: ConstructorParameters<typeof FakeUpstream>[1]
  /** Options shared by all routes; omitted ones have the defaults of the configuration. */
  readonly shared?: Partial<CallbacksOptions> & { readonly memory?: TicketKeeper; readonly durable?: TicketKeeper }
  readonly maxBytes?: number
  /** Options of the callback endpoint. */
  readonly peers?: CallbackPeers
  readonly maxAtPath?: number
  /** Wraps the backend, inside the strategy. */
  readonly inner?: (clock: VirtualClock) => Layer
  /** Wraps the strategy. */
  readonly outer?: Layer
  readonly clock?: VirtualClock
}

export interface Asked {
  readonly answer: Watched
  readonly events: readonly GatewayEvent[]
  readonly call: ReturnType<typeof callOf>['call']
}

export function callbackOptionsOf(route: Partial<z.input<typeof callbackOptions>> = {}): CallbackOptions {
  return callbackOptions.parse({ upstream: 'work', ...route })
}

/** The callback strategy with its dependencies, in virtual time and without sockets: calls, callbacks, ticket reads. */
export function callbackScene(options: CallbackSceneOptions = {}) {
  const clock = options.clock ?? new VirtualClock()
  const upstream = new FakeUpstream(clock, options.script)
  const faults: unknown[] = []
  const memory = options.shared?.memory ?? memoryTickets(wideTickets)
  const durable = options.shared?.durable
  const kept = new TicketExpiry({ clock, memory, durable })
  const callbacks = new Callbacks({
    clock,
    keys: () => [someKey],
    publicUrl: () => 'http://gateway:8080',
    keepMs: 600_000,
    fetchOnce: false,
    maxTickets: wideTickets.maxTickets,
    reportBug: (error) => faults.push(error),
    ...options.shared,
    memory,
    durable,
  })
  const { maxBytes } = options
  const route = callbackOptionsOf({ ...options.route, ...(maxBytes !== undefined && { maxAnswer: `${maxBytes}B` }) })
  const { attempts } = callbackStrategy.plan(route, {
    clock,
    memory: new SharedMemory(),
    extraLoad: () => anyExtraLoad,
    callbacks,
  })
  if (attempts.kind !== 'line') throw new Error('callback has one line')
  const limit = deadline(resolveDeadline(deadlineOptions.parse(options.deadline ?? '5s'), callbackDeadlineMs), clock)
  const inner = options.inner?.(clock)(upstream.service) ?? upstream.service
  const outer = options.outer ?? ((next) => next)
  const served = limit(outer(attempts.layer(inner)))
  const receive = receiveCallbacks({
    receive: route.receive,
    maxBytes: options.maxAtPath ?? route.maxAnswer,
    callbacks,
    clock,
    peers: options.peers,
  })
  const page = ticketPage({ callbacks, clock, policyOf: () => ({ mappings: {}, listAttempts: true }) })

  const ask = (service: Service, request: Partial<GatewayRequest>): Asked => {
    const { call, events } = callOf(clock)
    return { answer: watch(service(requestOf(request), call), clock), events, call }
  }
  return {
    clock,
    upstream,
    callbacks,
    kept,
    faults,
    /** Sends a client's request. */
    send: (request: Partial<GatewayRequest> = {}): Asked => ask(served, request),
    /** Posts a callback to the `url` that the backend received. */
    post: (url: string, body: Readable | Uint8Array | string = '{"done":true}', headers: readonly string[] = []) => {
      const { pathname, search } = new URL(url)
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      const type = ['content-type', 'application/json']
      const request = { method: 'POST', path: pathname, query: search.slice(1), headers: [...type, ...headers] }
      return ask(receive, { ...request, body: bytes })
    },
    /** Posts a callback as forwarded by another gateway. */
    take: (request: Partial<GatewayRequest>): Asked => ask(receive, { method: 'POST', ...request }),
    /** Body of the n-th request to the backend. */
    sentJson: (place: number): { readonly id?: string } =>
      JSON.parse(Buffer.from(upstream.seen[place]?.request.body as Uint8Array).toString()) as { readonly id?: string },
    /** Reads a ticket. */
    fetch: (ticket: string, method = 'GET'): Asked =>
      ask(page, { method, path: ticket, params: { id: ticket.split('/').at(-1) } }),
    /** Callback URL in the n-th request to the backend. */
    urlOf: (place: number): string => {
      const headers = upstream.seen[place]?.request.headers ?? []
      return headers[headers.indexOf('x-callback-url') + 1] ?? ''
    },
  }
}

export type CallbackScene = ReturnType<typeof callbackScene>
