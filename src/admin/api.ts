import type { AttemptKind, AttemptOutcome } from '../core/attempt.ts'
import type { FailureCode } from '../core/failure.ts'
import type { ShedReason } from '../core/shed-reason.ts'
import type { BreakerState, OutReason } from '../core/target-event.ts'

/**
 * What the admin side says, as plain data: the dashboard and `hedgerow` read it, and it can be added up over several
 * workers. Times of day in ISO 8601, durations in milliseconds, shares from 0 to 1. The OpenAPI description
 * (`/api/openapi.json`) says the same, and a test holds the two together.
 *
 *   GET  /api/overview              OverviewView   ?history=seconds, 600 if it is not given
 *   GET  /api/live                  server-sent events, one a second: `event: figures`, data: LiveFigures
 *   GET  /api/calls                 CallListView   ?which=failed|slow  ?route=  ?limit=
 *   GET  /api/calls/:id             CallView
 *   GET  /api/limits                LimitListView
 *   GET  /api/upstreams             UpstreamListView
 *   GET  /api/deliveries            see deliveries.ts; also /:id, POST /:id/replay, POST /:id/discard
 *   POST /api/deliveries/replay     all dead letters, or those of a target or route; also /discard
 *   GET  /api/waiters               WaiterListView
 *   GET  /api/tickets               TicketListView
 *   GET  /api/config                ConfigView: the configuration in force, secrets hidden
 *   POST /api/reload                ReloadView; 422 with the faults of a configuration that was not put in force
 *   GET  /api/backends              BackendListView: simulated backends of the demo; 404 where there are none
 *   GET  /api/backends/:name        BackendView
 *   PATCH /api/backends/:name       a JSON merge patch of a backend's profile; answers BackendView
 *   GET  /api/openapi.json          the description of all this
 *
 * What is not answered is told as a RefusalView, with its status: 400, 401, 403, 404, 405, 409, 503.
 */

/** Why something was not done, in one sentence that says what is allowed. */
export interface RefusalView {
  readonly detail: string
  /** Several faults of what was sent, one each. */
  readonly errors?: readonly string[]
}

/** What stays the same while the gateway runs, and the figures of this moment. */
export interface OverviewView {
  readonly version: string
  readonly startedAt: string
  readonly draining: boolean
  readonly routes: readonly RouteView[]
  /** How many threads the configuration has serve calls; the figures say how many do. */
  readonly workers: { readonly min: number; readonly max: number }
  /** Whether there is something to show under deliveries, waiters, simulated backends. */
  readonly features: { readonly deliveries: boolean; readonly callbacks: boolean; readonly backends: boolean }
  readonly figures: LiveFigures
  /** The figures of the last minutes, a second each, oldest first: what charts begin with. */
  readonly history: readonly LiveFigures[]
}

export interface RouteView {
  /** `GET /api/smart`: how the configuration matches it. */
  readonly name: string
  readonly strategy: string
  readonly upstreams: readonly string[]
}

/** What happened within the last second, over all routes and for each. */
export interface LiveFigures {
  readonly at: string
  readonly total: CallFigures
  /** By name; `none` (requests that no route serves) and `page` (pages of the gateway itself) once there were any. */
  readonly routes: Readonly<Record<string, CallFigures>>
  readonly targets: readonly TargetFigures[]
  readonly deliveries: { readonly pending: number; readonly dead: number } | undefined
  readonly waiters: number | undefined
  readonly process: {
    readonly memoryBytes: number
    /** The 99th percentile of the event loop's delay. */
    readonly loopDelayMs: number
    readonly clientConnections: number
  }
  /** Threads that serve calls; those that have died since the start, each of which was replaced. */
  readonly workers: { readonly running: number; readonly died: number }
  /**
   * Where the gateway has more than 200 routes and targets, or 100 for all ten minutes: the busiest are told one by one,
   * and this is how many are not. `total` has them all.
   */
  readonly leftOut?: { readonly routes: number; readonly targets: number } | undefined
}

export interface CallFigures {
  /** Ended within the second. */
  readonly calls: number
  readonly inFlight: number
  /** Ended with a failure that was not the client's, or with status 500 or more. */
  readonly failed: number
  /** Of the answers within the last ten seconds; undefined where there were none. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly attempts: number
  /** Attempts beyond one per call, as a share of calls; broadcast deliveries and named calls are not extra. */
  readonly extraLoad: number
  /** Calls whose answer came from an attempt that was not the first: what the extra load has saved. */
  readonly rescued: number
  readonly failures: Partial<Readonly<Record<FailureCode, number>>>
}

export interface TargetFigures {
  readonly upstream: string
  readonly target: string
  readonly inFlight: number
  readonly attempts: number
  readonly outcomes: Partial<Readonly<Record<AttemptOutcome, number>>>
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

export interface CallListView {
  readonly calls: readonly CallView[]
}

/** A recorded call with its race. */
export interface CallView {
  readonly id: string
  readonly route: string
  readonly strategy: string
  readonly method: string
  /** Path and query as the client sent them, with the configured query keys hidden. */
  readonly url: string
  readonly startedAt: string
  readonly durationMs: number
  /** 0 if the client hung up before it had an answer. */
  readonly status: number
  readonly failure: { readonly code: FailureCode; readonly detail: string } | undefined
  /** The budget that the call had; undefined: none. */
  readonly deadlineMs: number | undefined
  /** How long it waited for its turns at limits on calls in flight, before its first attempt; undefined: not at all. */
  readonly queuedMs: number | undefined
  readonly bytesSent: number
  /** There where the call was traced. */
  readonly traceId: string | undefined
  readonly attempts: readonly AttemptView[]
}

export interface AttemptView {
  readonly number: number
  readonly kind: AttemptKind
  readonly upstream: string
  readonly target: string
  /** Since the call began. */
  readonly startedMs: number
  /** Undefined: the call ended first. */
  readonly endedMs: number | undefined
  readonly outcome: AttemptOutcome | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
  readonly won: boolean
}

/** What keeps calls out. */
export interface LimitListView {
  /** Of all routes together, where there is a limit. */
  readonly whole: ConcurrencyView | undefined
  /** Those that have a limit of their own, and all where there is one for all. */
  readonly routes: readonly LimitView[]
}

export interface LimitView {
  readonly route: string
  /** `100 in 1s, 20 at once, by client`; undefined: any. */
  readonly rate: string | undefined
  readonly concurrency: ConcurrencyView | undefined
  /** Calls that were refused since the start, by why. */
  readonly shed: Readonly<Record<ShedReason, number>>
}

export interface ConcurrencyView {
  /** How many calls may be in flight, at present. */
  readonly limit: number
  readonly inFlight: number
  readonly queued: number
}

export interface UpstreamListView {
  readonly upstreams: readonly UpstreamView[]
}

export interface UpstreamView {
  readonly name: string
  readonly balance: string
  /** So few targets are well that ejection and checks are not believed: all are asked. */
  readonly panicking: boolean
  readonly connections: { readonly open: number; readonly idle: number }
  readonly targets: readonly TargetView[]
}

export interface TargetView {
  readonly name: string
  /** The operators' side may show it; clients never see it. */
  readonly origin: string
  readonly weight: number
  readonly inFlight: number
  /** Since the start. */
  readonly attempts: number
  readonly outcomes: Partial<Readonly<Record<AttemptOutcome, number>>>
  /** Of the last minute's answers. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** How long an answer takes, as a balancer sees it that goes by that. */
  readonly ewmaMs: number | undefined
  /** Whether it is sent attempts. */
  readonly available: boolean
  /** Why it is not, or would not be if more of the others were well. */
  readonly out: readonly { readonly why: OutReason; readonly until: string | undefined }[]
  /** Undefined: it has none. */
  readonly breaker: BreakerState | undefined
  /** Undefined: it is not checked, or the first check has not ended. */
  readonly lastCheck: { readonly at: string; readonly good: boolean; readonly detail: string } | undefined
  readonly lastFailure: { readonly at: string; readonly detail: string } | undefined
}

export interface WaiterListView {
  readonly open: number
  /** The oldest first, not all of them. */
  readonly waiters: readonly WaiterView[]
}

export interface WaiterView {
  readonly id: string
  readonly route: string
  readonly state: 'registered' | 'acknowledged'
  readonly startedAt: string
  readonly expiresAt: string
}

export interface TicketListView {
  readonly kept: number
  readonly bytes: number
  readonly tickets: readonly TicketView[]
}

export interface TicketView {
  readonly id: string
  readonly route: string
  readonly state: 'running' | 'ready'
  readonly createdAt: string
  readonly expiresAt: string
  readonly bytes: number
}

export interface ConfigView {
  /** As YAML, with all defaults, secrets as `***`. */
  readonly yaml: string
  readonly config: object
}

export interface ReloadView {
  readonly applied: true
}

export interface BackendListView {
  readonly backends: readonly BackendView[]
}

/** A simulated backend and its knobs, as its own control API has them (`src/backend/profile.ts`). */
export interface BackendView {
  readonly name: string
  readonly url: string
  readonly profile: object
  readonly stats: object
}

export interface DeliveryListView {
  readonly deliveries: readonly DeliveryView[]
  /** Give it as `before` to go on; undefined at the end. */
  readonly next: number | undefined
}

export interface DeliveryView {
  readonly id: string
  readonly route: string
  /** `pending` while any target is; else `dead` or `discarded` if any target is; else `acknowledged`. */
  readonly state: LegView['state']
  readonly createdAt: string
  readonly finishedAt: string | undefined
  readonly targets: readonly LegView[]
}

/** A delivery's way to one target. */
export interface LegView {
  readonly target: string
  readonly state: 'pending' | 'acknowledged' | 'dead' | 'discarded'
  /** Attempts that have ended. */
  readonly attempts: number
  /** While it is pending: its `turn`, behind earlier writes or the target's limit; or `time` to pass. */
  readonly waitsFor: 'turn' | 'time' | undefined
  /** When the next one is due, while it is pending. */
  readonly nextAttemptAt: string | undefined
  /** What the last one came to. */
  readonly outcome: string | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
}

/** One delivery with all that is known of it. */
export interface DeliveryDetailView extends DeliveryView {
  readonly lane: string | undefined
  readonly idempotencyKey: string | undefined
  /** Undefined once it has finished without a dead letter: nothing can be sent again then. */
  readonly request?: RequestView | undefined
}

/** A request's body as it was kept, in the form that its bytes allow. */
export interface RequestView {
  readonly method: string
  readonly path: string
  readonly query: string
  /** Names and values by turns; secrets as `***`. */
  readonly headers: readonly string[]
  readonly body: string | undefined
  readonly bodyEncoding: 'utf8' | 'base64'
}
