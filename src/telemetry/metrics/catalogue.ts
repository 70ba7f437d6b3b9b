import { type AttemptKind, attemptOutcomes } from '../../core/attempt.ts'
import type { CallbackVerdict, WaiterEnd } from '../../core/events.ts'
import { type FailureCode, failureCodes } from '../../core/failure.ts'
import type { ShedReason } from '../../core/shed-reason.ts'
import { breakerStates, ejectionReasons } from '../../core/target-event.ts'

/**
 * Every metric there is. `docs/reference/metrics.md` is made from it; `collect.ts` has a source for each, or does not
 * compile; `test/telemetry/metrics.test.ts` moves each.
 *
 * A label has the values that are listed, or is `open`: routes, upstreams and targets as the configuration names them.
 */
export interface MetricFacts {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: Readonly<Record<string, 'open' | readonly string[]>>
  readonly help: string
}

export const statusClasses = ['2xx', '3xx', '4xx', '5xx', '1xx', 'none'] as const

/** Of an answer; `none` first, as it is that of most calls. */
export const failureLabels = ['none', ...(Object.keys(failureCodes) as FailureCode[])] as const

export const extraKinds = ['duplicate', 'hedge', 'retry'] as const satisfies readonly AttemptKind[]

export const hedgeReasons = ['late', 'failed'] as const

/** Whether an attempt came to an end of its own. */
export const attemptEnds = ['ended', 'cancelled'] as const

export const shedReasons = ['rate', 'full', 'waited', 'displaced', 'memory'] as const satisfies readonly ShedReason[]

export const checkResults = ['good', 'bad'] as const

/** Both by their labels; the compiler asks for all of them. */
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
    help: 'Calls that have ended, by the class of the status that the client got and the failure that it was told.',
  },
  hedgerow_call_duration_seconds: {
    type: 'histogram',
    labels: byRoute,
    help: 'From the request header to the last byte of the answer.',
  },
  hedgerow_calls_in_flight: { type: 'gauge', labels: byRoute, help: 'Calls that have begun and not ended.' },
  hedgerow_calls_shed_total: {
    type: 'counter',
    labels: { ...byRoute, reason: shedReasons },
    help: 'Calls that were refused to spare the gateway or its targets: they came faster than rateLimit allows (rate), found no slot and no place in the queue (full), waited in vain (waited), made room for others (displaced), or came with a body that could not be held (memory).',
  },
  hedgerow_concurrency_limit: {
    type: 'gauge',
    labels: byRoute,
    help: 'How many calls may be in flight, at present; route "*" is the limit of the whole gateway.',
  },
  hedgerow_concurrency_in_flight: {
    type: 'gauge',
    labels: byRoute,
    help: 'Calls that hold a slot of that limit.',
  },
  hedgerow_concurrency_queued: {
    type: 'gauge',
    labels: byRoute,
    help: 'Calls that wait for a slot of that limit.',
  },
  hedgerow_sent_bytes_total: { type: 'counter', labels: byRoute, help: 'Bytes of bodies sent to clients.' },
  hedgerow_attempts_total: {
    type: 'counter',
    labels: { ...byTarget, outcome: attemptOutcomes },
    help: 'Attempts that have ended, by what they came to. An answer that is streamed counts with its head: see hedgerow_attempts_broken_total.',
  },
  hedgerow_attempts_broken_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Attempts whose answer broke off while it was streamed. hedgerow_attempts_total has them under the outcome of their head, mostly success: subtract them.',
  },
  hedgerow_attempt_duration_seconds: {
    type: 'histogram',
    labels: { ...byTarget, end: attemptEnds },
    help: 'From the sending of an attempt until its outcome was known (its head, or its whole answer where that is judged), or until it was cancelled.',
  },
  hedgerow_attempts_in_flight: { type: 'gauge', labels: byTarget, help: 'Attempts without an outcome yet.' },
  hedgerow_extra_attempts_total: {
    type: 'counter',
    labels: { ...byRoute, kind: extraKinds },
    help: 'Attempts beyond the first of their call: divided by hedgerow_calls_total, the extra load. Deliveries are not in it.',
  },
  hedgerow_hedges_sent_total: {
    type: 'counter',
    labels: { ...byRoute, because: hedgeReasons },
    help: 'Hedges, by why they were sent.',
  },
  hedgerow_hedges_won_total: { type: 'counter', labels: byRoute, help: "Calls whose answer was a hedge's." },
  hedgerow_hedges_denied_total: {
    type: 'counter',
    labels: byRoute,
    help: 'Calls that got fewer hedges than planned, as the budget was used up.',
  },
  hedgerow_retries_scheduled_total: { type: 'counter', labels: byRoute, help: 'Retries that were decided on.' },
  hedgerow_retries_won_total: { type: 'counter', labels: byRoute, help: "Calls whose answer was a retry's." },
  hedgerow_retries_denied_total: {
    type: 'counter',
    labels: byRoute,
    help: 'Retries that were not made, as the budget was used up.',
  },
  hedgerow_target_available: {
    type: 'gauge',
    labels: byTarget,
    help: 'Whether a target is sent attempts: 0 while it is ejected, unhealthy, resting or its breaker is open, unless too few others are well.',
  },
  hedgerow_target_ejections_total: {
    type: 'counter',
    labels: { ...byTarget, reason: ejectionReasons },
    help: 'How often a target was taken out for a time: attempts in a row failed (failures), it failed more than the others (success_rate), it asked for it (retry_after).',
  },
  hedgerow_breaker_state: {
    type: 'gauge',
    labels: { ...byTarget, state: breakerStates },
    help: "The state of a target's breaker: 1 for the one that it is in.",
  },
  hedgerow_health_checks_total: {
    type: 'counter',
    labels: { ...byTarget, result: checkResults },
    help: 'Active checks, by how they went.',
  },
  hedgerow_deliveries_accepted_total: {
    type: 'counter',
    labels: byRoute,
    help: 'Writes that were made durable, to be delivered to every target.',
  },
  hedgerow_delivery_attempts_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Attempts that were sent to deliver a write; hedgerow_attempts_total has them too.',
  },
  hedgerow_delivery_legs_acknowledged_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Writes that the target has acknowledged.',
  },
  hedgerow_delivery_legs_dead_total: {
    type: 'counter',
    labels: byTarget,
    help: 'Writes that became dead letters: their attempts at the target are used up.',
  },
  hedgerow_delivery_legs: {
    type: 'gauge',
    labels: { state: ['pending', 'dead'] },
    help: 'Writes that a target does not have: to be sent yet, or dead letters. One for each target.',
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
    help: 'Changes in these transactions: group commit shows in their ratio.',
  },
  hedgerow_waiters: { type: 'gauge', labels: {}, help: 'Clients that wait for a callback.' },
  hedgerow_waiters_ended_total: {
    type: 'counter',
    labels: { end: Object.values(waiterEnds) },
    help: 'Waits for a callback that have ended, by how.',
  },
  hedgerow_waiter_duration_seconds: { type: 'histogram', labels: {}, help: 'How long clients waited for a callback.' },
  hedgerow_callbacks_total: {
    type: 'counter',
    labels: { verdict: Object.values(callbackVerdicts) },
    help: 'Callbacks, by what became of them: late ones are kept or dropped, duplicates repeated; refused is what is too large, encoded, or found the store full.',
  },
  hedgerow_client_connections: {
    type: 'gauge',
    labels: { state: ['reading', 'writing', 'waiting'] },
    help: 'Open client connections: with a first request on its way in, with a call in flight, with neither.',
  },
  hedgerow_client_connections_accepted_total: {
    type: 'counter',
    labels: {},
    help: 'Client connections that were taken.',
  },
  hedgerow_client_connections_refused_total: {
    type: 'counter',
    labels: {},
    help: 'Client connections that were closed at once, as there were listen.maxConnections already.',
  },
  hedgerow_client_connections_failed_total: {
    type: 'counter',
    labels: {},
    help: 'Client connections that could not be accepted. Those that Node accepts and closes unseen when it has no descriptor left are not in it: see hedgerow_process_open_descriptors.',
  },
  hedgerow_malformed_requests_total: {
    type: 'counter',
    labels: { status: malformedStatuses },
    help: 'What came from clients and was no request: malformed (400), too slow (408), its header too large (431). No call begins with it, so that no other metric has it.',
  },
  hedgerow_target_connections: {
    type: 'gauge',
    labels: { upstream: 'open', state: ['busy', 'idle'] },
    help: 'Open connections to targets, in use and not.',
  },
  hedgerow_process_cpu_seconds_total: {
    type: 'counter',
    labels: { mode: ['user', 'system'] },
    help: 'CPU time of the process, all its threads.',
  },
  hedgerow_process_memory_bytes: {
    type: 'gauge',
    labels: { part: ['resident', 'heap_used', 'heap_total', 'external'] },
    help: 'Memory of the process (resident) and of its JavaScript, that of all threads together.',
  },
  hedgerow_process_open_descriptors: {
    type: 'gauge',
    labels: {},
    help: 'File descriptors that the process has open; every connection takes one. Linux only.',
  },
  hedgerow_process_max_descriptors: {
    type: 'gauge',
    labels: {},
    help: 'How many file descriptors the process may have open. Linux only.',
  },
  hedgerow_held_bytes: {
    type: 'gauge',
    labels: {},
    help: 'Requests and answers that are held in memory for calls, in all threads; hedgerow_held_limit_bytes is the limit.',
  },
  hedgerow_held_limit_bytes: {
    type: 'gauge',
    labels: {},
    help: 'What requests and answers may take in memory together: memory.held.',
  },
  hedgerow_process_start_time_seconds: {
    type: 'gauge',
    labels: {},
    help: 'When the process began, in seconds since 1970.',
  },
  hedgerow_event_loop_delay_seconds: {
    type: 'gauge',
    labels: { stat: ['p50', 'p99', 'max'] },
    help: 'How late the event loop came to what was due, since the last look at least 5 s before. Of several threads: the worst, for each stat.',
  },
  hedgerow_event_loop_active_seconds_total: {
    type: 'counter',
    labels: {},
    help: 'For how long the event loop had something to do, added up over all threads: its rate is the utilisation, 0 to 1 for each thread.',
  },
  hedgerow_telemetry_dropped_total: {
    type: 'counter',
    labels: { part: 'open' },
    help: 'What telemetry itself had to leave out: spans that the collector, log_lines that the disk did not take.',
  },
  hedgerow_workers: {
    type: 'gauge',
    labels: {},
    help: 'Worker threads that are running; 1 where the main thread does all the work.',
  },
  hedgerow_worker_exits_total: {
    type: 'counter',
    labels: { reason: workerExits },
    help: 'Worker threads that have ended: died of a fault, or were let go as there was too little to do (idle) or another configuration has fewer (reload).',
  },
  hedgerow_worker_lost_calls_total: {
    type: 'counter',
    labels: {},
    help: 'Calls that were in flight in a worker thread that died.',
  },
  hedgerow_reloads_total: {
    type: 'counter',
    labels: { result: reloadResults },
    help: 'Attempts to change the configuration while the gateway runs, by what became of them.',
  },
  hedgerow_config_last_reload_timestamp_seconds: {
    type: 'gauge',
    labels: {},
    help: 'When the configuration in force was applied, in seconds since 1970: at the start, or by the last reload that was applied.',
  },
} as const satisfies Record<string, MetricFacts>

export type MetricName = keyof typeof metrics
export const metricNames = Object.keys(metrics) as [MetricName, ...MetricName[]]

/** The names under which a metric's samples stand. */
export function sampleNames(name: string, { type }: Pick<MetricFacts, 'type'>): readonly string[] {
  return type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}
