import { type AttemptKind, attemptOutcomes } from '../../core/attempt.ts'
import type { CallbackVerdict, WaiterEnd } from '../../core/events.ts'
import { type FailureCode, failureCodes } from '../../core/failure.ts'
import type { ShedReason } from '../../core/shed-reason.ts'
import { breakerStates, ejectionReasons } from '../../core/target-event.ts'

/**
 * All metrics. `docs/reference/metrics.md` is generated from this list; the compiler checks that `collect.ts` has a
 * source for each; `test/telemetry/metrics.test.ts` changes the value of each.
 *
 * A label lists its values or is `open`: names of routes, upstreams and targets from the configuration.
 */
export interface MetricFacts {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: Readonly<Record<string, 'open' | readonly string[]>>
  readonly help: string
}

export const statusClasses = ['2xx', '3xx', '4xx', '5xx', '1xx', 'none'] as const

/** Failure of a call; `none` comes first because most calls have it. */
export const failureLabels = ['none', ...(Object.keys(failureCodes) as FailureCode[])] as const

export const extraKinds = ['duplicate', 'hedge', 'retry'] as const satisfies readonly AttemptKind[]

export const hedgeReasons = ['late', 'failed'] as const

/** Whether an attempt ended by itself. */
export const attemptEnds = ['ended', 'cancelled'] as const

export const shedReasons = ['rate', 'full', 'waited', 'displaced', 'memory'] as const satisfies readonly ShedReason[]

export const checkResults = ['good', 'bad'] as const

/** Both indexed by label values; the compiler requires all of them. */
export const waiterEnds = {
  answered: 'answered',
  refused: 'refused',
  timedOut: 'timed_out',
  gone: 'gone',
} as const satisfies Record<WaiterEnd, string>

export const callbackVerdicts = {
  answered: 'answered',
  kept: 'kept',
  repeated: 'repeated',
  dropped: 'dropped',
  refused: 'refused',
  forged: 'forged',
  expired: 'expired',
} as const satisfies Record<CallbackVerdict, string>

export const malformedStatuses = ['400', '408', '431'] as const

export type MalformedStatus = (typeof malformedStatuses)[number]

export const workerExits = ['died', 'idle', 'reload'] as const

export const reloadResults = ['applied', 'refused'] as const

const byRoute = { route: 'open' } as const
const byTarget = { upstream: 'open', target: 'open' } as const

export const metrics = {
  hedgerow_calls_total: {
    type: 'counter',
    labels: { ...byRoute, status: statusClasses, failure: failureLabels },
    help: 'Finished calls, by status class of the answer and by the failure reported to the client.',
  },
  hedgerow_call_duration_seconds: {
    type: 'histogram',
    labels: byRoute,
    help: 'Time from the request header to the last byte of the answer.',
  },
  hedgerow_calls_in_flight: { type: 'gauge', labels: byRoute, help: 'Calls in flight.' },
  hedgerow_calls_shed_total: {
    type: 'counter',
    labels: { ...byRoute, reason: shedReasons },
    help: 'Calls refused to protect the gateway or its targets: over rateLimit (rate), no slot and no room in the queue (full), queued for too long (waited), displaced by other calls (displaced), or with a body that does not fit in memory (memory).',
  },
  hedgerow_concurrency_limit: {
    type: 'gauge',
    labels: byRoute,
    help: 'Current limit on calls in flight; route "*" is the limit of the whole gateway.',
  },
  hedgerow_concurrency_in_flight: {
    type: 'gauge',
    labels: byRoute,
    help: 'Calls that hold a slot of the limit.',
  },
  hedgerow_concurrency_queued: {
    type: 'gauge',
    labels: byRoute,
    help: 'Calls that wait for a slot of the limit.',
  },
  hedgerow_sent_bytes_total: { type: 'counter', labels: byRoute, help: 'Body bytes sent to clients.' },
  hedgerow_attempts_total: {
    type: 'counter',
    labels: { ...byTarget, outcome: attemptOutcomes },
    help: 'Finished attempts, by outcome. A streamed answer counts when its head arrives: see hedgerow_attempts_broken_total.',
  },
  hedgerow_attempts_broken_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Attempts whose answer broke off while it was streamed. hedgerow_attempts_total counts them under the outcome of their head, mostly success: subtract them.',
  },
  hedgerow_attempt_duration_seconds: {
    type: 'histogram',
    labels: { ...byTarget, end: attemptEnds },
    help: 'Time from sending an attempt until its outcome was known (its head, or its whole answer where that is judged), or until it was cancelled.',
  },
  hedgerow_attempts_in_flight: { type: 'gauge', labels: byTarget, help: 'Attempts without an outcome yet.' },
  hedgerow_extra_attempts_total: {
    type: 'counter',
    labels: { ...byRoute, kind: extraKinds },
    help: 'Attempts beyond the first of their call; divided by hedgerow_calls_total, the extra load. Deliveries are not counted.',
  },
  hedgerow_hedges_sent_total: {
    type: 'counter',
    labels: { ...byRoute, because: hedgeReasons },
    help: 'Hedges, by the reason they were sent.',
  },
  hedgerow_hedges_won_total: { type: 'counter', labels: byRoute, help: 'Calls answered by a hedge.' },
  hedgerow_hedges_denied_total: {
    type: 'counter',
    labels: byRoute,
    help: 'Calls that got fewer hedges than planned because the budget was used up.',
  },
  hedgerow_retries_scheduled_total: { type: 'counter', labels: byRoute, help: 'Retries scheduled.' },
  hedgerow_retries_won_total: { type: 'counter', labels: byRoute, help: 'Calls answered by a retry.' },
  hedgerow_retries_denied_total: {
    type: 'counter',
    labels: byRoute,
    help: 'Retries not made because the budget was used up.',
  },
  hedgerow_target_available: {
    type: 'gauge',
    labels: byTarget,
    help: 'Whether the target is available: 0 while it is ejected, unhealthy, resting or its breaker is open, unless too few others are healthy.',
  },
  hedgerow_target_ejections_total: {
    type: 'counter',
    labels: { ...byTarget, reason: ejectionReasons },
    help: 'Times a target was taken out of rotation: consecutive failures (failures), a success rate below that of the others (success_rate), or its own request (retry_after).',
  },
  hedgerow_breaker_state: {
    type: 'gauge',
    labels: { ...byTarget, state: breakerStates },
    help: 'State of the breaker of a target: 1 for the current state.',
  },
  hedgerow_health_checks_total: {
    type: 'counter',
    labels: { ...byTarget, result: checkResults },
    help: 'Active health checks, by result.',
  },
  hedgerow_deliveries_accepted_total: {
    type: 'counter',
    labels: byRoute,
    help: 'Writes stored durably for delivery to every target.',
  },
  hedgerow_delivery_attempts_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Delivery attempts sent; hedgerow_attempts_total counts them too.',
  },
  hedgerow_delivery_legs_acknowledged_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Writes acknowledged by the target.',
  },
  hedgerow_delivery_legs_dead_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Writes that became dead letters: all their attempts at the target are used up.',
  },
  hedgerow_delivery_legs: {
    type: 'gauge',
    labels: { state: ['pending', 'dead'] },
    help: 'Writes that a target has not received: pending, or dead letters. Counted once per target.',
  },
  hedgerow_store_deliveries: { type: 'gauge', labels: {}, help: 'Deliveries in the store, finished ones included.' },
  hedgerow_store_undelivered_bytes: {
    type: 'gauge',
    labels: {},
    help: 'Requests in the store that have not reached every target; store.maxUndelivered is the limit.',
  },
  hedgerow_store_syncs_total: { type: 'counter', labels: {}, help: 'Transactions synced to disk.' },
  hedgerow_store_writes_total: {
    type: 'counter',
    labels: {},
    help: 'Changes in the synced transactions; the ratio shows the effect of group commit.',
  },
  hedgerow_waiters: { type: 'gauge', labels: {}, help: 'Clients waiting for a callback.' },
  hedgerow_waiters_ended_total: {
    type: 'counter',
    labels: { end: Object.values(waiterEnds) },
    help: 'Finished waits for a callback, by how they ended.',
  },
  hedgerow_waiter_duration_seconds: { type: 'histogram', labels: {}, help: 'Time that clients waited for a callback.' },
  hedgerow_callbacks_total: {
    type: 'counter',
    labels: { verdict: Object.values(callbackVerdicts) },
    help: 'Callbacks, by result: late ones are kept or dropped, duplicates repeated; refused ones are too large, encoded, or found the store full.',
  },
  hedgerow_client_connections: {
    type: 'gauge',
    labels: { state: ['reading', 'writing', 'waiting'] },
    help: 'Open client connections: receiving their first request (reading), with a call in flight (writing), or idle (waiting).',
  },
  hedgerow_client_connections_accepted_total: {
    type: 'counter',
    labels: {},
    help: 'Client connections accepted.',
  },
  hedgerow_client_connections_refused_total: {
    type: 'counter',
    labels: {},
    help: 'Client connections closed at once because listen.maxConnections was reached.',
  },
  hedgerow_client_connections_failed_total: {
    type: 'counter',
    labels: {},
    help: 'Client connections that could not be accepted. Connections that Node closes itself for lack of descriptors are not counted: see hedgerow_process_open_descriptors.',
  },
  hedgerow_malformed_requests_total: {
    type: 'counter',
    labels: { status: malformedStatuses },
    help: 'Invalid requests from clients: malformed (400), too slow (408), header too large (431). They start no call, so no other metric counts them.',
  },
  hedgerow_target_connections: {
    type: 'gauge',
    labels: { upstream: 'open', state: ['busy', 'idle'] },
    help: 'Open connections to targets, busy and idle.',
  },
  hedgerow_process_cpu_seconds_total: {
    type: 'counter',
    labels: { mode: ['user', 'system'] },
    help: 'CPU time of the process, all threads.',
  },
  hedgerow_process_memory_bytes: {
    type: 'gauge',
    labels: { part: ['resident', 'heap_used', 'heap_total', 'external'] },
    help: 'Memory of the process (resident) and of its JavaScript heaps, all threads together.',
  },
  hedgerow_process_open_descriptors: {
    type: 'gauge',
    labels: {},
    help: 'Open file descriptors of the process; every connection uses one. Linux only.',
  },
  hedgerow_process_max_descriptors: {
    type: 'gauge',
    labels: {},
    help: 'Limit on open file descriptors of the process. Linux only.',
  },
  hedgerow_held_bytes: {
    type: 'gauge',
    labels: {},
    help: 'Memory that holds requests and answers for calls, in all threads; hedgerow_held_limit_bytes is the limit.',
  },
  hedgerow_held_limit_bytes: {
    type: 'gauge',
    labels: {},
    help: 'Limit on the memory that holds requests and answers: memory.held.',
  },
  hedgerow_process_start_time_seconds: {
    type: 'gauge',
    labels: {},
    help: 'Start time of the process, in seconds since 1970.',
  },
  hedgerow_event_loop_delay_seconds: {
    type: 'gauge',
    labels: { stat: ['p50', 'p99', 'max'] },
    help: 'Event loop lag since the last reading, at least 5 s before. With several threads: the worst, for each stat.',
  },
  hedgerow_event_loop_active_seconds_total: {
    type: 'counter',
    labels: {},
    help: 'Time that the event loops were busy, summed over all threads: its rate is the utilisation, 0 to 1 for each thread.',
  },
  hedgerow_telemetry_dropped_total: {
    type: 'counter',
    labels: { part: 'open' },
    help: 'Telemetry dropped: spans that the collector did not take, log_lines that the disk did not take.',
  },
  hedgerow_workers: {
    type: 'gauge',
    labels: {},
    help: 'Running worker threads; 1 if the main thread does all the work.',
  },
  hedgerow_worker_exits_total: {
    type: 'counter',
    labels: { reason: workerExits },
    help: 'Worker threads that ended: crashed (died), stopped for lack of work (idle), or stopped because a new configuration has fewer (reload).',
  },
  hedgerow_worker_lost_calls_total: {
    type: 'counter',
    labels: {},
    help: 'Calls in flight in a worker thread when it died.',
  },
  hedgerow_reloads_total: {
    type: 'counter',
    labels: { result: reloadResults },
    help: 'Reloads of the configuration, by result.',
  },
  hedgerow_config_last_reload_timestamp_seconds: {
    type: 'gauge',
    labels: {},
    help: 'Time when the current configuration was applied, in seconds since 1970: at the start, or by the last successful reload.',
  },
} as const satisfies Record<string, MetricFacts>

export type MetricName = keyof typeof metrics
export const metricNames = Object.keys(metrics) as [MetricName, ...MetricName[]]

/** The names of a metric's samples. */
export function sampleNames(name: string, { type }: Pick<MetricFacts, 'type'>): readonly string[] {
  return type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}
