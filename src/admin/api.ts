import type { AttemptKind, AttemptOutcome } from '../core/attempt.ts'
import type { FailureCode } from '../core/failure.ts'
import type { ShedReason } from '../core/shed-reason.ts'
import type { BreakerState, OutReason } from '../core/target-event.ts'

/**
 * Responses of the admin API as plain data, read by the dashboard and by `hedgerow`; they can be added up over
 * workers. Times of day are ISO 8601, durations milliseconds, shares 0 to 1. The OpenAPI description
 * (`/api/openapi.json`) repeats these types; a test compares the two.
 *
 *   GET  /api/overview              OverviewView   ?history=seconds, default 600
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
 *   POST /api/reload                ReloadView; 422 with the errors of a rejected configuration
 *   GET  /api/backends              BackendListView: simulated backends of the demo; 404 outside the demo
 *   GET  /api/backends/:name        BackendView
 *   PATCH /api/backends/:name       a JSON merge patch of a backend's profile; answers BackendView
 *   GET  /api/openapi.json          the OpenAPI description
 *
 * Refusals are a RefusalView with status 400, 401, 403, 404, 405, 409 or 503.
 */

/** Why the request was refused, in one sentence that says what is allowed. */
export interface RefusalView {
  readonly detail: string
  /** One message per error in the request. */
  readonly errors?: readonly string[]
}

/** Constant facts about this gateway, and its current figures. */
export interface OverviewView {
  readonly version: string
  readonly startedAt: string
  readonly draining: boolean
  readonly routes: readonly RouteView[]
  /** Configured number of worker threads; the figures report how many run. */
  readonly workers: { readonly min: number; readonly max: number }
  /** Whether the deliveries, waiters and simulated-backend pages have content. */
  readonly features: { readonly deliveries: boolean; readonly callbacks: boolean; readonly backends: boolean }
  readonly figures: LiveFigures
  /** Figures of the last minutes, one entry per second, oldest first: the initial content of charts. */
  readonly history: readonly LiveFigures[]
}

export interface RouteView {
  /** `GET /api/smart`: the match rule in the configuration. */
  readonly name: string
  readonly strategy: string
  readonly upstreams: readonly string[]
}

/** Activity in the last second, in total and per route. */
export interface LiveFigures {
  readonly at: string
  readonly total: CallFigures
  /** By name. `none` (requests without a route) and `page` (the gateway's own pages) appear once they had requests. */
  readonly routes: Readonly<Record<string, CallFigures>>
  readonly targets: readonly TargetFigures[]
  readonly deliveries: { readonly pending: number; readonly dead: number } | undefined
  readonly waiters: number | undefined
  readonly process: {
    readonly memoryBytes: number
    /** 99th percentile of the event loop delay. */
    readonly loopDelayMs: number
    readonly clientConnections: number
  }
  /** Running worker threads, and worker threads that died since the start; each of those was replaced. */
  readonly workers: { readonly running: number; readonly died: number }
  /**
   * Set when the gateway has more than 200 routes and targets, or more than 100 for the full ten minutes: only the
   * busiest are listed. Counts the omitted ones; `total` includes them.
   */
  readonly leftOut?: { readonly routes: number; readonly targets: number } | undefined
}

export interface CallFigures {
  /** Calls that ended within the second. */
  readonly calls: number
  readonly inFlight: number
  /** Calls that ended with a failure not caused by the client, or with status 500 or more. */
  readonly failed: number
  /** Over answers of the last ten seconds; undefined without any. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly attempts: number
  /** Attempts beyond one per call, as a share of calls; broadcast deliveries and named calls do not count as extra. */
  readonly extraLoad: number
  /** Calls answered by an attempt other than the first: the benefit of the extra load. */
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
  /** Path and query as sent by the client, with the configured query keys hidden. */
  readonly url: string
  readonly startedAt: string
  readonly durationMs: number
  /** 0 if the client hung up before the answer. */
  readonly status: number
  readonly failure: { readonly code: FailureCode; readonly detail: string } | undefined
  /** Time budget of the call; undefined without a deadline. */
  readonly deadlineMs: number | undefined
  /** Time spent queued at concurrency limits before the first attempt; undefined if it was not queued. */
  readonly queuedMs: number | undefined
  readonly bytesSent: number
  /** Set when the call was traced. */
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
  /** Undefined if the call ended first. */
  readonly endedMs: number | undefined
  readonly outcome: AttemptOutcome | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
  readonly won: boolean
}

/** Limits that can refuse calls. */
export interface LimitListView {
  /** Set when there is a limit for all routes together. */
  readonly whole: ConcurrencyView | undefined
  /** Routes with a limit of their own; all routes if there is a global limit. */
  readonly routes: readonly LimitView[]
}

export interface LimitView {
  readonly route: string
  /** `100 in 1s, 20 at once, by client`; undefined without a rate limit. */
  readonly rate: string | undefined
  readonly concurrency: ConcurrencyView | undefined
  /** Calls refused since the start, by reason. */
  readonly shed: Readonly<Record<ShedReason, number>>
}

export interface ConcurrencyView {
  /** Current limit on calls in flight. */
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
  /** True when so few targets are healthy that ejections and checks are ignored and all targets get calls. */
  readonly panicking: boolean
  readonly connections: { readonly open: number; readonly idle: number }
  readonly targets: readonly TargetView[]
}

export interface TargetView {
  readonly name: string
  /** Shown on the admin side only; clients never see it. */
  readonly origin: string
  readonly weight: number
  readonly inFlight: number
  /** Since the start. */
  readonly attempts: number
  readonly outcomes: Partial<Readonly<Record<AttemptOutcome, number>>>
  /** Over answers of the last minute. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** Response time as estimated by a latency-based balancer. */
  readonly ewmaMs: number | undefined
  /** Whether the balancer sends attempts here. */
  readonly available: boolean
  /** Reasons against this target. In a panic it is available despite them. */
  readonly out: readonly { readonly why: OutReason; readonly until: string | undefined }[]
  /** Undefined without a breaker. */
  readonly breaker: BreakerState | undefined
  /** Undefined without health checks, or before the first check has ended. */
  readonly lastCheck: { readonly at: string; readonly good: boolean; readonly detail: string } | undefined
  readonly lastFailure: { readonly at: string; readonly detail: string } | undefined
}

export interface WaiterListView {
  readonly open: number
  /** Oldest first; may be truncated. */
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
  /** As YAML with units, as in a file, with all defaults, secrets as `***`. */
  readonly yaml: string
  readonly config: object
}

export interface ReloadView {
  readonly applied: true
}

export interface BackendListView {
  readonly backends: readonly BackendView[]
}

/** A simulated backend and its settings, as in its own control API (`src/backend/profile.ts`). */
export interface BackendView {
  readonly name: string
  readonly url: string
  readonly profile: object
  readonly stats: object
}

export interface DeliveryListView {
  readonly deliveries: readonly DeliveryView[]
  /** Pass it as `before` to get the next page; undefined on the last page. */
  readonly next: number | undefined
}

export interface DeliveryView {
  readonly id: string
  readonly route: string
  /** `pending` while any target is; otherwise `dead` or `discarded` if any target is; otherwise `acknowledged`. */
  readonly state: LegView['state']
  readonly createdAt: string
  readonly finishedAt: string | undefined
  readonly targets: readonly LegView[]
}

/** One target's part of a delivery. */
export interface LegView {
  readonly target: string
  readonly state: 'pending' | 'acknowledged' | 'dead' | 'discarded'
  /** Attempts that have ended. */
  readonly attempts: number
  /** Set while pending: `turn` waits for earlier writes or the target's limit, `time` for the next attempt. */
  readonly waitsFor: 'turn' | 'time' | undefined
  /** When the next attempt is due, while pending. */
  readonly nextAttemptAt: string | undefined
  /** Outcome of the last attempt. */
  readonly outcome: string | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
}

/** One delivery in full. */
export interface DeliveryDetailView extends DeliveryView {
  readonly lane: string | undefined
  readonly idempotencyKey: string | undefined
  /** Undefined once it has finished without a dead letter, because nothing can be replayed then. */
  readonly request?: RequestView | undefined
}

/** A stored request body, as UTF-8 text or as Base64 depending on its bytes. */
export interface RequestView {
  readonly method: string
  readonly path: string
  readonly query: string
  /** Alternating names and values; secrets as `***`. */
  readonly headers: readonly string[]
  readonly body: string | undefined
  readonly bodyEncoding: 'utf8' | 'base64'
}
