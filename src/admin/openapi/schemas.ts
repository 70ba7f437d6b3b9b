import { z } from 'zod'
import { delivery } from '../../broadcast/delivery-schema.ts'
import { ticketList, waiterList } from '../../callback/callback-schema.ts'
import { breakerStates, outReasons } from '../../core/target-event.ts'
import { count, ms, time } from '../../kit/view-schema.ts'
import { failureCode, outcome, secondFigures, targetState } from '../../telemetry/figures/figures-schema.ts'

/**
 * The responses of the admin API: the OpenAPI description is made from these schemas, and `api.ts` has their types.
 * Imported as types everywhere else, so that a gateway without readers of the description does not load zod for it.
 */

const anyObject: z.ZodType<object> = z.looseObject({})

const route = z.strictObject({
  name: z.string().describe('The match rule in the configuration, such as `GET /api/smart`.'),
  strategy: z.string(),
  upstreams: z.array(z.string()),
})

const overview = z.strictObject({
  version: z.string(),
  startedAt: time,
  draining: z.boolean(),
  routes: z.array(route),
  workers: z
    .strictObject({ min: count, max: count })
    .describe('Configured number of worker threads; the figures report how many run.'),
  features: z
    .strictObject({ deliveries: z.boolean(), callbacks: z.boolean(), backends: z.boolean() })
    .describe('Whether there can be deliveries, waiters and simulated backends.'),
  figures: secondFigures,
  history: z
    .array(secondFigures)
    .describe('One entry per second, oldest first; routes and targets without activity are left out.'),
})

const attempt = z.strictObject({
  number: z.int().min(1),
  kind: z.enum(['first', 'duplicate', 'hedge', 'retry']),
  upstream: z.string(),
  target: z.string(),
  startedMs: ms.describe('Since the call began.'),
  endedMs: ms.optional().describe('Absent if the call ended first.'),
  outcome: outcome.optional(),
  status: z.int().optional(),
  detail: z.string().optional(),
  won: z.boolean(),
})

const call = z.strictObject({
  id: z.string(),
  route: z.string(),
  strategy: z.string(),
  method: z.string(),
  url: z.string().describe('Path and query as sent by the client, with the configured query keys hidden.'),
  startedAt: time,
  durationMs: ms,
  status: z.int().describe('0 if the client hung up before the answer.'),
  failure: z.strictObject({ code: failureCode, detail: z.string() }).optional(),
  deadlineMs: ms.optional().describe('Time budget of the call; absent without a deadline.'),
  queuedMs: ms
    .optional()
    .describe('Time spent queued at concurrency limits before the first attempt; absent if it was not queued.'),
  bytesSent: count,
  traceId: z.string().optional().describe('Present if the call was traced.'),
  attempts: z.array(attempt),
})

const concurrency = z.strictObject({
  limit: count.describe('Current limit on calls in flight.'),
  inFlight: count,
  queued: count,
})

const limit = z.strictObject({
  route: z.string(),
  rate: z.string().optional().describe('Such as `100 in 1s, 20 at once, by client`; absent without a rate limit.'),
  concurrency: concurrency.optional(),
  shed: z
    .strictObject({ rate: count, full: count, waited: count, displaced: count, memory: count })
    .describe('Calls refused since the start, by reason.'),
})

const limitList = z.strictObject({
  whole: concurrency.optional().describe('The limit for all routes together; absent if there is none.'),
  routes: z.array(limit).describe('Routes with a limit of their own; all routes if there is a global limit.'),
})

const target = z.strictObject({
  name: z.string(),
  origin: z.string().describe('Shown on the admin side only; clients never see it.'),
  weight: z.int().min(1),
  ...targetState.shape,
  ewmaMs: ms
    .optional()
    .describe('Response time as estimated by the balancer; absent if the balancer does not use latency.'),
  available: z.boolean().describe('Whether the balancer sends attempts to this target.'),
  out: z
    .array(z.strictObject({ why: z.enum(outReasons), until: time.optional() }))
    .describe('Reasons against this target. In a panic it is available despite them.'),
  breaker: z.enum(breakerStates).optional().describe('Absent without a breaker.'),
  lastCheck: z
    .strictObject({ at: time, good: z.boolean(), detail: z.string() })
    .optional()
    .describe('Absent without health checks, or before the first check has ended.'),
  lastFailure: z.strictObject({ at: time, detail: z.string() }).optional(),
})

const upstream = z.strictObject({
  name: z.string(),
  balance: z.string(),
  panicking: z
    .boolean()
    .describe('True when so few targets are healthy that ejections and checks are ignored and all targets get calls.'),
  connections: z.strictObject({ open: count, idle: count }),
  targets: z.array(target),
})

const request = z.strictObject({
  method: z.string(),
  path: z.string(),
  query: z.string(),
  headers: z.array(z.string()).describe('Alternating names and values; secrets as `***`.'),
  body: z.string().optional(),
  bodyEncoding: z.enum(['utf8', 'base64']).describe('By the bytes of the body.'),
})

const backend = z.strictObject({
  name: z.string(),
  url: z.string(),
  profile: anyObject.describe('Its settings, as in its own control API.'),
  stats: anyObject,
})

/** By their names in the OpenAPI description. */
export const schemas = {
  Refusal: z.strictObject({
    detail: z.string().describe('Why the request was refused, and what is allowed.'),
    errors: z.array(z.string()).exactOptional().describe('One message per error in the request.'),
  }),
  LiveFigures: secondFigures,
  Overview: overview,
  Call: call,
  CallList: z.strictObject({ calls: z.array(call) }),
  LimitList: limitList,
  UpstreamList: z.strictObject({ upstreams: z.array(upstream) }),
  DeliveryList: z.strictObject({
    deliveries: z.array(delivery),
    next: z.int().optional().describe('Pass it as `before` to get the next page; absent on the last page.'),
  }),
  DeliveryDetail: z.strictObject({
    ...delivery.shape,
    lane: z.string().optional(),
    idempotencyKey: z.string().optional(),
    request: request
      .exactOptional()
      .describe('Absent once it has finished without a dead letter, because nothing can be replayed then.'),
  }),
  Replayed: z.strictObject({ id: z.string(), replayed: count }),
  Discarded: z.strictObject({ id: z.string(), discarded: count }),
  AllReplayed: z.strictObject({ replayed: count.describe('Legs.'), deliveries: count }),
  AllDiscarded: z.strictObject({ discarded: count.describe('Legs.'), deliveries: count }),
  WaiterList: waiterList,
  TicketList: ticketList,
  Reload: z.strictObject({ applied: z.literal(true) }),
  Config: z.strictObject({
    yaml: z.string().describe('As a file would have it: `30s`, `64KiB`, `20%`. Secrets are `***`.'),
    config: anyObject.describe('The same as data: durations in milliseconds, sizes in bytes, shares from 0 to 1.'),
  }),
  Backend: backend,
  BackendList: z.strictObject({ backends: z.array(backend) }),
} as const

export type SchemaName = keyof typeof schemas
