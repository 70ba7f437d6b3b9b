import { z } from 'zod'
import { attemptOutcomes } from '../../core/attempt.ts'
import { type FailureCode, failureCodes } from '../../core/failure.ts'
import { breakerStates, outReasons } from '../../core/target-event.ts'
import type * as api from '../api.ts'

/**
 * The answers of the admin API as schemas, for its OpenAPI description. The types in `api.ts` are what code is written
 * against; `openapi.test.ts` holds each answer of a live gateway to these, and the compiler their keys to the types.
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
    calls: count.describe('Ended within the second.'),
    inFlight: count,
    failed: count.describe('Ended with a failure, or with status 500 or more.'),
    p50Ms: ms.optional().describe('Of the answers within the last ten seconds.'),
    p99Ms: ms.optional(),
    attempts: count,
    extraLoad: ms.describe('Attempts beyond one per call, as a share of calls.'),
    rescued: count.describe('Calls whose answer came from an attempt that was not the first.'),
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
      loopDelayMs: ms.describe("The 99th percentile of the event loop's delay."),
      clientConnections: count,
    }),
    workers: z
      .strictObject({ running: count, died: count.describe('Since the start; each was replaced.') })
      .describe('Threads that serve calls.'),
    leftOut: z
      .strictObject({ routes: count, targets: count })
      .optional()
      .describe('How many routes and targets are not told one by one, as there are too many: the busiest are.'),
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
    workers: z.strictObject({ min: count, max: count }).describe('How many threads are configured to serve calls.'),
    features: z.strictObject({ deliveries: z.boolean(), callbacks: z.boolean(), backends: z.boolean() }),
    figures: liveFigures,
    history: z
      .array(liveFigures)
      .describe('A second each, oldest first; what did nothing in a second is left out of it.'),
  }),
)

const attempt = shaped<api.AttemptView>()(
  z.strictObject({
    number: z.int().min(1),
    kind: z.enum(['first', 'duplicate', 'hedge', 'retry']),
    upstream: z.string(),
    target: z.string(),
    startedMs: ms.describe('Since the call began.'),
    endedMs: ms.optional().describe('Absent while it has not ended.'),
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
    status: z.int().describe('0 if the client hung up before it had an answer.'),
    failure: z.strictObject({ code: failureCode, detail: z.string() }).optional(),
    deadlineMs: ms.optional(),
    queuedMs: ms
      .optional()
      .describe('How long it waited for its turns at limits on calls in flight; absent where it did not.'),
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
    p50Ms: ms.optional().describe("Of the last minute's answers."),
    p99Ms: ms.optional(),
    ewmaMs: ms
      .optional()
      .describe('How long an answer takes, as the balancer sees it; absent where it does not go by that.'),
    available: z.boolean().describe('Whether it is sent attempts.'),
    out: z
      .array(z.strictObject({ why: z.enum(outReasons), until: time.optional() }))
      .describe('Why it is not, or would not be if more of the others were well.'),
    breaker: z.enum(breakerStates).optional().describe('Absent where it has none.'),
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
      .describe('So few targets are well that ejection and checks are not believed: all are asked.'),
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
    headers: z.array(z.string()).describe('Names and values by turns; secrets as `***`.'),
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

/** What can be answered, by the names under which the description has it. */
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
      next: z.int().optional().describe('Give it as `before` to go on; absent at the end.'),
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

/** Fails to compile where schema and type do not have the same keys, or a value of the type is none of the schema. */
function shaped<T extends object>() {
  return <S extends z.ZodType>(
    schema: Same<keyof T, keyof z.output<S>> extends true ? (Plain<T> extends z.output<S> ? S : never) : never,
  ): S => schema
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** Without `readonly`, which schemas know nothing of. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Plain<T[Key]> }
    : T
