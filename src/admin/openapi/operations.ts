import type { AdminMethod } from '../resource.ts'
import type { SchemaName } from './schemas.ts'

/** What can be asked of the admin side. */
export interface Operation {
  readonly method: AdminMethod
  readonly path: string
  readonly summary: string
  readonly query?: Readonly<Record<string, readonly [schema: object, description: string]>>
  /** JSON, where it is not said. */
  readonly type?: string
  /** Text where there is none. */
  readonly schema?: SchemaName
  /** What is to be sent. */
  readonly body?: string
  readonly refusals: Readonly<Record<number, string>>
  readonly isPublic?: boolean
}

const guarded = {
  401: 'The token is missing or another one.',
  429: 'One of many wrong tokens from this address; the right one is let in.',
  403: 'Asked by a foreign host name or page.',
}
const badQuery = { 400: 'The query has a value that is not allowed.' }
const noDelivery = { 404: 'There is no such delivery, or no route broadcasts.', 503: 'The store cannot be read.' }

const limit = [{ type: 'integer', minimum: 1, maximum: 1000, default: 100 }, 'How many at most.'] as const
const route = [{ type: 'string' }, 'Only of this route, as the configuration matches it.'] as const
const target = [{ type: 'string' }, 'Only the way to this target.'] as const

export const operations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/healthz',
    summary: 'Whether it lives.',
    type: 'text/plain',
    refusals: {},
    isPublic: true,
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether it takes calls.',
    type: 'text/plain',
    refusals: { 503: 'It is draining.' },
    isPublic: true,
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus.',
    type: 'text/plain',
    refusals: guarded,
  },
  {
    method: 'GET',
    path: '/api/overview',
    summary: 'What the gateway is, how it does now, and how it did in the last ten minutes.',
    query: {
      history: [{ type: 'integer', minimum: 0, maximum: 600, default: 600 }, 'How many seconds of history.'],
    },
    schema: 'Overview',
    refusals: { ...badQuery, ...guarded, 503: 'Two large histories are being sent already: `Retry-After` says when.' },
  },
  {
    method: 'GET',
    path: '/api/live',
    summary:
      'Server-sent events, one a second: `event: figures`, its data as LiveFigures. `event: end` comes when the gateway drains.',
    type: 'text/event-stream',
    refusals: { ...guarded, 503: 'There are too many readers already, or the gateway is draining.' },
  },
  {
    method: 'GET',
    path: '/api/calls',
    summary: 'The recorded calls: the latest that failed, and the slowest of the last minutes, of each route.',
    query: {
      which: [{ enum: ['failed', 'slow'] }, 'Failed: the latest first. Slow: the slowest first. Neither: both.'],
      route,
      limit,
    },
    schema: 'CallList',
    refusals: { ...badQuery, ...guarded },
  },
  {
    method: 'GET',
    path: '/api/calls/:id',
    summary: 'One recorded call, by its request id.',
    schema: 'Call',
    refusals: { ...guarded, 404: 'It is not kept.' },
  },
  {
    method: 'GET',
    path: '/api/limits',
    summary: 'The limits on calls, how far they are used, and what was shed.',
    schema: 'LimitList',
    refusals: guarded,
  },
  {
    method: 'GET',
    path: '/api/upstreams',
    summary: 'The targets, and what is known of each.',
    schema: 'UpstreamList',
    refusals: guarded,
  },
  {
    method: 'GET',
    path: '/api/deliveries',
    summary: 'The deliveries, newest first.',
    query: {
      state: [{ enum: ['pending', 'acknowledged', 'dead', 'discarded'] }, 'Only those with a leg in this state.'],
      target,
      route,
      before: [{ type: 'integer' }, 'What an earlier answer gave as `next`.'],
      limit: [{ type: 'integer', minimum: 1, maximum: 500, default: 50 }, 'How many at most.'],
    },
    schema: 'DeliveryList',
    refusals: { ...badQuery, ...guarded, ...noDelivery },
  },
  {
    method: 'GET',
    path: '/api/deliveries/:id',
    summary: 'One delivery, with its request.',
    schema: 'DeliveryDetail',
    refusals: { ...guarded, ...noDelivery },
  },
  {
    method: 'POST',
    path: '/api/deliveries/:id/replay',
    summary: 'Sends what is dead again.',
    query: { target, state: [{ enum: ['dead'] }, 'Only what is in this state.'] },
    schema: 'Replayed',
    refusals: { ...badQuery, ...guarded, ...noDelivery, 409: 'Nothing of it is dead.' },
  },
  {
    method: 'POST',
    path: '/api/deliveries/:id/discard',
    summary: 'Gives up what is dead or pending.',
    query: { target, state: [{ enum: ['dead', 'pending'] }, 'Only what is in this state.'] },
    schema: 'Discarded',
    refusals: { ...badQuery, ...guarded, ...noDelivery, 409: 'Nothing of it is dead or pending.' },
  },
  {
    method: 'POST',
    path: '/api/deliveries/replay',
    summary: 'Sends all dead letters again, or those of a target or route, the oldest first.',
    query: { target, route, state: [{ enum: ['dead'], default: 'dead' }, 'Only what is in this state.'] },
    schema: 'AllReplayed',
    refusals: { ...badQuery, ...guarded, ...noDelivery },
  },
  {
    method: 'POST',
    path: '/api/deliveries/discard',
    summary: 'Gives up all dead letters, or all that is pending, at every target or one, of every route or one.',
    query: { target, route, state: [{ enum: ['dead', 'pending'], default: 'dead' }, 'Only what is in this state.'] },
    schema: 'AllDiscarded',
    refusals: { ...badQuery, ...guarded, ...noDelivery },
  },
  {
    method: 'GET',
    path: '/api/waiters',
    summary: 'The clients that wait for a callback, the oldest first.',
    query: { limit },
    schema: 'WaiterList',
    refusals: { ...badQuery, ...guarded },
  },
  {
    method: 'GET',
    path: '/api/tickets',
    summary: 'The results that came too late and can be fetched, the newest first.',
    query: { limit },
    schema: 'TicketList',
    refusals: { ...badQuery, ...guarded, 503: 'The store cannot be read.' },
  },
  {
    method: 'GET',
    path: '/api/config',
    summary: 'The configuration in force, with all defaults and without secrets.',
    schema: 'Config',
    refusals: guarded,
  },
  {
    method: 'POST',
    path: '/api/reload',
    summary: 'Reads the configuration again and puts it in force. Calls in flight end as they began.',
    schema: 'Reload',
    refusals: { ...guarded, 422: 'It was not put in force, and nothing has changed; `errors` lists why.' },
  },
  {
    method: 'GET',
    path: '/api/backends',
    summary: 'The simulated backends of the demo.',
    schema: 'BackendList',
    refusals: { ...guarded, 404: 'There are none.' },
  },
  {
    method: 'GET',
    path: '/api/backends/:name',
    summary: 'One simulated backend.',
    schema: 'Backend',
    refusals: { ...guarded, 404: 'There is none of this name.' },
  },
  {
    method: 'PATCH',
    path: '/api/backends/:name',
    summary: 'Changes how a simulated backend behaves.',
    body: 'A JSON merge patch of its profile.',
    schema: 'Backend',
    refusals: {
      400: 'The profile would not be one; `errors` lists why.',
      ...guarded,
      404: 'There is none of this name.',
    },
  },
  {
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This description.',
    refusals: guarded,
  },
]
