import type { AdminMethod } from '../resource.ts'
import type { SchemaName } from './schemas.ts'

/** An operation of the admin API. */
export interface Operation {
  readonly method: AdminMethod
  readonly path: string
  readonly summary: string
  readonly query?: Readonly<Record<string, readonly [schema: object, description: string]>>
  /** Default: JSON. */
  readonly type?: string
  /** A type of text that a query parameter asks for instead. */
  readonly otherType?: string
  /** Text if absent. */
  readonly schema?: SchemaName
  /** Describes the request body. */
  readonly body?: string
  readonly refusals: Readonly<Record<number, string>>
  readonly isPublic?: boolean
}

const guarded = {
  401: 'The token is missing or wrong.',
  429: 'Too many wrong tokens from this address; the right token is still accepted.',
  403: 'Sent with a foreign host name, or from a page of another origin.',
}
const badQuery = { 400: 'A query parameter has a value that is not allowed.' }
const noDelivery = { 404: 'There is no such delivery, or no route uses `broadcast`.', 503: 'The store cannot be read.' }

const limit = [{ type: 'integer', minimum: 1, maximum: 1000, default: 100 }, 'Maximum number of entries.'] as const
const route = [{ type: 'string' }, 'Only this route, as the configuration matches it.'] as const
const target = [{ type: 'string' }, 'Only deliveries to this target.'] as const

export const operations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/healthz',
    summary: 'Liveness probe.',
    type: 'text/plain',
    refusals: {},
    isPublic: true,
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'Readiness probe.',
    type: 'text/plain',
    refusals: { 503: 'The gateway is draining.' },
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
    summary: 'The gateway, its current figures, and its history of the last ten minutes.',
    query: {
      history: [{ type: 'integer', minimum: 0, maximum: 600, default: 600 }, 'Seconds of history.'],
    },
    schema: 'Overview',
    refusals: {
      ...badQuery,
      ...guarded,
      503: 'Two large histories are already being sent; `Retry-After` says when to try again.',
    },
  },
  {
    method: 'GET',
    path: '/api/live',
    summary:
      'Server-sent events, one per second: `event: figures` with LiveFigures as data. `event: end` is sent when the gateway drains.',
    type: 'text/event-stream',
    refusals: { ...guarded, 503: 'Too many readers already, or the gateway is draining.' },
  },
  {
    method: 'GET',
    path: '/api/calls',
    summary: 'The recorded calls of each route: the latest failures, and the slowest of the last minutes.',
    query: {
      which: [{ enum: ['failed', 'slow'] }, 'failed: latest first. slow: slowest first. Omitted: both.'],
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
    refusals: { ...guarded, 404: 'The call is not recorded.' },
  },
  {
    method: 'GET',
    path: '/api/limits',
    summary: 'The limits on calls, their usage, and the calls shed.',
    schema: 'LimitList',
    refusals: guarded,
  },
  {
    method: 'GET',
    path: '/api/upstreams',
    summary: 'The targets and their state.',
    schema: 'UpstreamList',
    refusals: guarded,
  },
  {
    method: 'GET',
    path: '/api/deliveries',
    summary: 'The deliveries, newest first.',
    query: {
      state: [{ enum: ['pending', 'acknowledged', 'dead', 'discarded'] }, 'Only deliveries with a leg in this state.'],
      target,
      route,
      before: [{ type: 'integer' }, 'The `next` value of an earlier answer.'],
      limit: [{ type: 'integer', minimum: 1, maximum: 500, default: 50 }, 'Maximum number of entries.'],
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
    summary: 'Sends the dead letters of a delivery again.',
    query: { target, state: [{ enum: ['dead'] }, 'Only legs in this state.'] },
    schema: 'Replayed',
    refusals: { ...badQuery, ...guarded, ...noDelivery, 409: 'The delivery has no dead letters.' },
  },
  {
    method: 'POST',
    path: '/api/deliveries/:id/discard',
    summary: 'Discards the dead or pending legs of a delivery.',
    query: { target, state: [{ enum: ['dead', 'pending'] }, 'Only legs in this state.'] },
    schema: 'Discarded',
    refusals: { ...badQuery, ...guarded, ...noDelivery, 409: 'The delivery has no dead or pending legs.' },
  },
  {
    method: 'POST',
    path: '/api/deliveries/replay',
    summary: 'Sends all dead letters again, or those of one target or route, oldest first.',
    query: { target, route, state: [{ enum: ['dead'], default: 'dead' }, 'Only legs in this state.'] },
    schema: 'AllReplayed',
    refusals: { ...badQuery, ...guarded, ...noDelivery },
  },
  {
    method: 'POST',
    path: '/api/deliveries/discard',
    summary: 'Discards all dead letters or all pending legs, optionally of one target or route only.',
    query: { target, route, state: [{ enum: ['dead', 'pending'], default: 'dead' }, 'Only legs in this state.'] },
    schema: 'AllDiscarded',
    refusals: { ...badQuery, ...guarded, ...noDelivery },
  },
  {
    method: 'GET',
    path: '/api/waiters',
    summary: 'The clients waiting for a callback, oldest first.',
    query: { limit },
    schema: 'WaiterList',
    refusals: { ...badQuery, ...guarded },
  },
  {
    method: 'GET',
    path: '/api/tickets',
    summary: 'The late results that can still be fetched, newest first.',
    query: { limit },
    schema: 'TicketList',
    refusals: { ...badQuery, ...guarded, 503: 'The store cannot be read.' },
  },
  {
    method: 'GET',
    path: '/api/config',
    summary: 'The configuration in force, with all defaults and without secrets.',
    query: {
      format: [
        { enum: ['json', 'yaml'], default: 'json' },
        'yaml: the configuration alone, as a file would have it, to be compared with the file.',
      ],
    },
    schema: 'Config',
    otherType: 'application/yaml',
    refusals: { ...badQuery, ...guarded },
  },
  {
    method: 'POST',
    path: '/api/reload',
    summary: 'Reloads the configuration. Calls in flight finish under the old one.',
    schema: 'Reload',
    refusals: {
      ...guarded,
      422: 'The configuration was rejected and nothing has changed; `errors` lists the reasons.',
    },
  },
  {
    method: 'GET',
    path: '/api/backends',
    summary: 'The simulated backends of the demo.',
    schema: 'BackendList',
    refusals: { ...guarded, 404: 'There are no simulated backends.' },
  },
  {
    method: 'GET',
    path: '/api/backends/:name',
    summary: 'One simulated backend.',
    schema: 'Backend',
    refusals: { ...guarded, 404: 'No simulated backend has this name.' },
  },
  {
    method: 'PATCH',
    path: '/api/backends/:name',
    summary: 'Changes the behaviour of a simulated backend.',
    body: 'A JSON merge patch of its profile.',
    schema: 'Backend',
    refusals: {
      400: 'The resulting profile is invalid; `errors` lists the reasons.',
      ...guarded,
      404: 'No simulated backend has this name.',
    },
  },
  {
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This OpenAPI description.',
    refusals: guarded,
  },
]
