import { breakerStates } from '../../core/target-event.ts'
import { callbackVerdicts, extraKinds, hedgeReasons, type MetricName, shedReasons, waiterEnds } from './catalogue.ts'
import {
  attemptDurations,
  attempts,
  broadcasts,
  byRoute,
  byRouteAnd,
  byTarget,
  calls,
  extraLoad,
  hedges,
  histogramByRoute,
  never,
  reader,
  retries,
  row,
} from './from-counts.ts'
import { named, ofLimits, ofTargets, samplesOf, single } from './from-sources.ts'
import { histogramSamples } from './histogram-samples.ts'
import type { Collect } from './reading.ts'

/** Only if a route broadcasts. */
const ofDeliveries =
  (collect: Collect): Collect =>
  (reading) =>
    reading.counts.cells.routes.some(broadcasts) ? collect(reading) : []

/** Only if a route takes callbacks. */
const ofCallbacks =
  (collect: Collect): Collect =>
  (reading) =>
    reading.waiters === undefined ? [] : collect(reading)

/** The source of each metric. An entry missing here or in the catalogue does not compile. */
export const collectors: Readonly<Record<MetricName, Collect>> = {
  hedgerow_calls_total: calls,
  hedgerow_call_duration_seconds: histogramByRoute(({ duration }) => duration),
  hedgerow_calls_in_flight: byRoute(({ inFlight }) => inFlight),
  hedgerow_calls_shed_total: byRouteAnd('reason', shedReasons, ({ shed }) => shed, never),
  hedgerow_concurrency_limit: ofLimits(({ limit }) => limit),
  hedgerow_concurrency_in_flight: ofLimits(({ inFlight }) => inFlight),
  hedgerow_concurrency_queued: ofLimits(({ queued }) => queued),
  hedgerow_sent_bytes_total: byRoute(({ sentBytes }) => sentBytes),
  hedgerow_attempts_total: attempts,
  hedgerow_attempts_broken_total: byTarget(({ broken }) => broken),
  hedgerow_attempt_duration_seconds: attemptDurations,
  hedgerow_attempts_in_flight: byTarget(({ inFlight }) => inFlight),
  hedgerow_extra_attempts_total: byRouteAnd('kind', extraKinds, ({ extraAttempts }) => extraAttempts, extraLoad),
  hedgerow_hedges_sent_total: byRouteAnd('because', hedgeReasons, ({ hedgesSent }) => hedgesSent, hedges),
  hedgerow_hedges_won_total: byRoute(({ hedgesWon }) => hedgesWon, hedges),
  hedgerow_hedges_denied_total: byRoute(({ hedgesDenied }) => hedgesDenied, hedges),
  hedgerow_retries_scheduled_total: byRoute(({ retriesScheduled }) => retriesScheduled, retries),
  hedgerow_retries_won_total: byRoute(({ retriesWon }) => retriesWon, retries),
  hedgerow_retries_denied_total: byRoute(({ retriesDenied }) => retriesDenied, retries),
  hedgerow_target_available: ofTargets(({ isAvailable }) => [{ labels: {}, value: isAvailable ? 1 : 0 }]),
  hedgerow_target_ejections_total: ofTargets(({ ejections }) => samplesOf('reason', ejections)),
  hedgerow_breaker_state: ofTargets(({ breaker }) =>
    breaker === undefined
      ? []
      : breakerStates.map((state) => ({ labels: { state }, value: state === breaker ? 1 : 0 })),
  ),
  hedgerow_health_checks_total: ofTargets(({ checks }) => (checks === undefined ? [] : samplesOf('result', checks))),
  hedgerow_deliveries_accepted_total: byRoute(({ deliveriesAccepted }) => deliveriesAccepted, broadcasts),
  hedgerow_delivery_attempts_total: ofDeliveries(byTarget(({ deliveryAttempts }) => deliveryAttempts)),
  hedgerow_delivery_legs_acknowledged_total: ofDeliveries(byTarget(({ acknowledged }) => acknowledged)),
  hedgerow_delivery_legs_dead_total: ofDeliveries(byTarget(({ dead }) => dead)),
  hedgerow_delivery_legs: named('state', ({ store }) => store && { pending: store.pendingLegs, dead: store.deadLegs }),
  hedgerow_store_deliveries: single(({ store }) => store?.deliveries),
  hedgerow_store_undelivered_bytes: single(({ store }) => store?.undeliveredBytes),
  hedgerow_store_syncs_total: single(({ store }) => store?.syncs),
  hedgerow_store_writes_total: single(({ store }) => store?.writes),
  hedgerow_waiters: single(({ waiters }) => waiters),
  hedgerow_waiters_ended_total: ofCallbacks(({ counts }) =>
    row(counts, 'end', Object.values(waiterEnds), counts.cells.waiterEnds),
  ),
  hedgerow_waiter_duration_seconds: ofCallbacks(({ counts }) =>
    histogramSamples({}, counts.cells.waiterDuration, counts.cells.bounds, reader(counts)),
  ),
  hedgerow_callbacks_total: ofCallbacks(({ counts }) =>
    row(counts, 'verdict', Object.values(callbackVerdicts), counts.cells.callbacks),
  ),
  hedgerow_client_connections: named(
    'state',
    ({ clients }) => clients && { reading: clients.reading, writing: clients.writing, waiting: clients.waiting },
  ),
  hedgerow_client_connections_accepted_total: single(({ clients }) => clients?.accepted),
  hedgerow_client_connections_refused_total: single(({ clients }) => clients?.refused),
  hedgerow_client_connections_failed_total: single(({ clients }) => clients?.failed),
  hedgerow_malformed_requests_total: named('status', ({ clients }) => clients?.malformed),
  hedgerow_target_connections: ({ targetConnections }) =>
    Object.entries(targetConnections).flatMap(([upstream, { open, idle }]) =>
      samplesOf('state', { busy: open - idle, idle }, { upstream }),
    ),
  hedgerow_held_bytes: single(({ held }) => held?.bytes),
  hedgerow_held_limit_bytes: single(({ held }) => held?.limitBytes),
  hedgerow_process_cpu_seconds_total: named(
    'mode',
    ({ process }) => process && { user: process.cpuUserMs / 1000, system: process.cpuSystemMs / 1000 },
  ),
  hedgerow_process_memory_bytes: named(
    'part',
    ({ process }) =>
      process && {
        resident: process.memory.residentBytes,
        heap_used: process.memory.heapUsedBytes,
        heap_total: process.memory.heapTotalBytes,
        external: process.memory.externalBytes,
      },
  ),
  hedgerow_process_open_descriptors: single(({ descriptors }) => descriptors?.open),
  hedgerow_process_max_descriptors: single(({ descriptors }) => descriptors?.limit),
  hedgerow_process_start_time_seconds: single(({ process }) => process && process.startedAtMs / 1000),
  hedgerow_event_loop_delay_seconds: named('stat', ({ process }) => {
    if (process === undefined) return undefined
    const { p50, p99, max } = process.loop.delayMs
    return { p50: p50 / 1000, p99: p99 / 1000, max: max / 1000 }
  }),
  hedgerow_event_loop_active_seconds_total: single(({ process }) => process && process.loop.activeMs / 1000),
  hedgerow_telemetry_dropped_total: named('part', ({ dropped }) => dropped),
  hedgerow_workers: single(({ workers }) => workers?.running),
  hedgerow_worker_exits_total: named('reason', ({ workers }) => workers?.exits),
  hedgerow_worker_lost_calls_total: single(({ workers }) => workers?.lostCalls),
  hedgerow_reloads_total: named(
    'result',
    ({ reloads }) => reloads && { applied: reloads.applied, refused: reloads.refused },
  ),
  hedgerow_config_last_reload_timestamp_seconds: single(({ reloads }) => reloads && reloads.lastAppliedAtMs / 1000),
}
