import { z } from 'zod'
import { attemptOutcomes } from '../../core/attempt.ts'
import { type FailureCode, failureCodes } from '../../core/failure.ts'
import { breakerStates, outReasons } from '../../core/target-event.ts'
import type * as api from '../api.ts'

/**
 * Response schemas of the admin API for its OpenAPI description. Code uses the types in `api.ts`. The compiler checks
 * that both have the same keys, and `openapi.test.ts` checks the responses of a live gateway against the schemas.
 */

const anyObject: z.ZodType<object> = z.looseObject({})
const count = z.int().min(0)
const ms = z.number().min(0)
const time = z.iso.datetime().describe('ISO 8601, in UTC.')
const outcome = z.enum(attemptOutcomes)
const failureCode = z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]])
const outcomes = z.partialRecord(outcome, count)

const concurrency = shaped<api.ConcurrencyView>()(z.strictObject({ limit: count, inFlight: count, queued: count }))

const callFigures = shaped<api.CallFigures>()(
  z.strictObject({
    calls: count.describe('Calls that ended within the second.'),
    inFlight: count,
    failed: count.describe('Calls that ended with a failure, or with status 500 or more.'),
    p50Ms: ms.optional().describe('Over answers of the last ten seconds.'),
    p99Ms: ms.optional(),
    attempts: count,
    extraLoad: ms.describe('Attempts beyond one per call, as a share of calls.'),
    rescued: count.describe('Calls answered by an attempt other than the first.'),
    failures: z.partialRecord(failureCode, count),
  }),
)

const targetFigures = shaped<api.TargetFigures>()(
  z.strictObject({
    upstream: z.string(),
    target: z.string(),
    inFlight: count,
    attempts: count,
    outcomes,
    p50Ms: ms.optional(),
    p99Ms: ms.optional(),
  }),
)

const liveFigures = shaped<api.LiveFigures>()(
  z.strictObject({
    at: time,
    total: callFigures,
    routes: z.record(z.string(), callFigures),
    targets: z.array(targetFigures),
    deliveries: z.strictObject({ pending: count, dead: count }).optional(),
    waiters: count.optional(),
    process: z.strictObject({
      memoryBytes: count,
      loopDelayMs: ms.describe('99th percentile of the event loop delay.'),
      clientConnections: count,
    }),
    workers: z
      .strictObject({ running: count, died: count.describe('Since the start; each was replaced.') })
      .describe('Worker threads.'),
    leftOut: z
      .strictObject({ routes: count, targets: count })
      .optional()
      .describe('Number of routes and targets that are not listed, because only the busiest are.'),
  }),
)

const overview = shaped<api.OverviewView>()(
  z.strictObject({
    version: z.string(),
    startedAt: time,
    draining: z.boolean(),
    routes: z.array(
      shaped<api.RouteView>()(
        z.strictObject({ name: z.string(), strategy: z.string(), upstreams: z.array(z.string()) }),
      ),
    ),
    workers: z.strictObject({ min: count, max: count }).describe('Configured number of worker threads.'),
    features: z.strictObject({ deliveries: z.boolean(), callbacks: z.boolean(), backends: z.boolean() }),
    figures: liveFigures,
    history: z
      .array(liveFigures)
      .describe('One entry per second, oldest first; routes and targets without activity are left out.'),
  }),
)

const attempt = shaped<api.AttemptView>()(
  z.strictObject({
    number: z.int().min(1),
    kind: z.enum(['first', 'duplicate', 'hedge', 'retry']),
    upstream: z.string(),
    target: z.string(),
    startedMs: ms.describe('Since the call began.'),
    endedMs: ms.optional().describe('Absent until it has ended.'),
    outcome: outcome.optional(),
    status: z.int().optional(),
    detail: z.string().optional(),
    won: z.boolean(),
  }),
)

const call = shaped<api.CallView>()(
  z.strictObject({
    id: z.string(),
    route: z.string(),
    strategy: z.string(),
    method: z.string(),
    url: z.string(),
    startedAt: time,
    durationMs: ms,
    status: z.int().describe('0 if the client hung up before the answer.'),
    failure: z.strictObject({ code: failureCode, detail: z.string() }).optional(),
    deadlineMs: ms.optional(),
    queuedMs: ms.optional().describe('Time spent queued at concurrency limits; absent if it was not queued.'),
    bytesSent: count,
    traceId: z.string().optional(),
    attempts: z.array(attempt),
  }),
)

const target = shaped<api.TargetView>()(
  z.strictObject({
    name: z.string(),
    origin: z.string(),
    weight: z.int().min(1),
    inFlight: count,
    attempts: count.describe('Since the start.'),
    outcomes,
    p50Ms: ms.optional().describe('Over answers of the last minute.'),
    p99Ms: ms.optional(),
    ewmaMs: ms
      .optional()
      .describe('Response time as estimated by the balancer; absent if the balancer does not use latency.'),
    available: z.boolean().describe('Whether the balancer sends attempts to this target.'),
    out: z
      .array(z.strictObject({ why: z.enum(outReasons), until: time.optional() }))
      .describe('Reasons against this target. In a panic it is available despite them.'),
    breaker: z.enum(breakerStates).optional().describe('Absent without a breaker.'),
    lastCheck: z.strictObject({ at: time, good: z.boolean(), detail: z.string() }).optional(),
    lastFailure: z.strictObject({ at: time, detail: z.string() }).optional(),
  }),
)

const upstream = shaped<api.UpstreamView>()(
  z.strictObject({
    name: z.string(),
    balance: z.string(),
    panicking: z
      .boolean()
      .describe(
        'True when so few targets are healthy that ejections and checks are ignored and all targets get calls.',
      ),
    connections: z.strictObject({ open: count, idle: count }),
    targets: z.array(target),
  }),
)

const legState = z.enum(['pending', 'acknowledged', 'dead', 'discarded'])

const leg = shaped<api.LegView>()(
  z.strictObject({
    target: z.string(),
    state: legState,
    attempts: count,
    waitsFor: z.enum(['turn', 'time']).optional(),
    nextAttemptAt: time.optional(),
    outcome: z.string().optional(),
    status: z.int().optional(),
    detail: z.string().optional(),
  }),
)

const deliveryShape = {
  id: z.string(),
  route: z.string(),
  state: legState,
  createdAt: time,
  finishedAt: time.optional(),
  targets: z.array(leg),
}

const request = shaped<api.RequestView>()(
  z.strictObject({
    method: z.string(),
    path: z.string(),
    query: z.string(),
    headers: z.array(z.string()).describe('Alternating names and values; secrets as `***`.'),
    body: z.string().optional(),
    bodyEncoding: z.enum(['utf8', 'base64']),
  }),
)

const deliveryDetail = shaped<api.DeliveryDetailView>()(
  z.strictObject({
    ...deliveryShape,
    lane: z.string().optional(),
    idempotencyKey: z.string().optional(),
    request: request.optional(),
  }),
)

const waiter = shaped<api.WaiterView>()(
  z.strictObject({
    id: z.string(),
    route: z.string(),
    state: z.enum(['registered', 'acknowledged']),
    startedAt: time,
    expiresAt: time,
  }),
)

const ticket = shaped<api.TicketView>()(
  z.strictObject({
    id: z.string(),
    route: z.string(),
    state: z.enum(['running', 'ready']),
    createdAt: time,
    expiresAt: time,
    bytes: count,
  }),
)

const backend = shaped<api.BackendView>()(
  z.strictObject({
    name: z.string(),
    url: z.string(),
    profile: anyObject,
    stats: anyObject,
  }),
)

/** Response schemas by their names in the OpenAPI description. */
export const schemas = {
  Refusal: shaped<api.RefusalView>()(z.strictObject({ detail: z.string(), errors: z.array(z.string()).optional() })),
  LiveFigures: liveFigures,
  Overview: overview,
  Call: call,
  CallList: shaped<api.CallListView>()(z.strictObject({ calls: z.array(call) })),
  LimitList: shaped<api.LimitListView>()(
    z.strictObject({
      whole: concurrency.optional(),
      routes: z.array(
        shaped<api.LimitView>()(
          z.strictObject({
            route: z.string(),
            rate: z.string().optional(),
            concurrency: concurrency.optional(),
            shed: z.strictObject({ rate: count, full: count, waited: count, displaced: count, memory: count }),
          }),
        ),
      ),
    }),
  ),
  UpstreamList: shaped<api.UpstreamListView>()(z.strictObject({ upstreams: z.array(upstream) })),
  DeliveryList: shaped<api.DeliveryListView>()(
    z.strictObject({
      deliveries: z.array(shaped<api.DeliveryView>()(z.strictObject(deliveryShape))),
      next: z.int().optional().describe('Pass it as `before` to get the next page; absent on the last page.'),
    }),
  ),
  DeliveryDetail: deliveryDetail,
  Replayed: z.strictObject({ id: z.string(), replayed: count }),
  Discarded: z.strictObject({ id: z.string(), discarded: count }),
  AllReplayed: z.strictObject({ replayed: count.describe('Legs.'), deliveries: count }),
  AllDiscarded: z.strictObject({ discarded: count.describe('Legs.'), deliveries: count }),
  WaiterList: shaped<api.WaiterListView>()(z.strictObject({ open: count, waiters: z.array(waiter) })),
  TicketList: shaped<api.TicketListView>()(z.strictObject({ kept: count, bytes: count, tickets: z.array(ticket) })),
  Reload: shaped<api.ReloadView>()(z.strictObject({ applied: z.literal(true) })),
  Config: shaped<api.ConfigView>()(z.strictObject({ yaml: z.string(), config: anyObject })),
  Backend: backend,
  BackendList: shaped<api.BackendListView>()(z.strictObject({ backends: z.array(backend) })),
} as const

export type SchemaName = keyof typeof schemas

/** Fails to compile if schema and type differ in keys, or if the schema rejects a value of the type. */
function shaped<T extends object>() {
  return <S extends z.ZodType>(
    schema: Same<keyof T, keyof z.output<S>> extends true ? (Plain<T> extends z.output<S> ? S : never) : never,
  ): S => schema
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** Removes `readonly`, which schemas do not express. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Plain<T[Key]> }
    : T
