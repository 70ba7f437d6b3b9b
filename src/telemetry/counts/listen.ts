import { type Attempt, attemptOutcomes } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { bucketOf as liveBucketOf } from '../figures/buckets.ts'
import {
  callbackVerdicts,
  extraKinds,
  failureLabels,
  hedgeReasons,
  shedReasons,
  statusClasses,
  waiterEnds,
} from '../metrics/catalogue.ts'
import type { Counting } from './counting.ts'
import { add, observe } from './histogram-cells.ts'
import type { LiveRouteCells } from './route-cells.ts'

const endNames = Object.keys(waiterEnds)
const verdictNames = Object.keys(callbackVerdicts)
/** The open time of such a connection is not a response time. */
const switching = 101

/**
 * Counts events; returns a function that stops it. On the path of every call: each listener only adds to a few numbers.
 *
 * @param sinceMs the beginning of anything before this time was not counted
 */
export function listen(events: EventBus, counting: Counting, sinceMs: number): () => void {
  const { values, cells } = counting
  const { bounds } = cells
  const stops = [
    events.on('call.started', (_event, call) => add(values, counting.route(call).inFlight, 1)),
    events.on('call.ended', ({ end }, call) => {
      const route = counting.route(call)
      const ms = call.elapsedMs()
      if (call.startedAtMs >= sinceMs) add(values, route.inFlight, -1)
      add(values, route.calls + callIndex(end), 1)
      add(values, route.sentBytes, end.bytesSent)
      observe(values, route.duration, bounds, ms)
      if (route.live !== undefined) countLive(values, route.live, { call, end, ms })
      if (call.attempts.length < 2) return
      const winner = winnerOf(call.attempts)
      if (winner?.kind === 'hedge') add(values, route.hedgesWon, 1)
      else if (winner?.kind === 'retry') add(values, route.retriesWon, 1)
    }),
    events.on('call.shed', ({ reason }, call) =>
      add(values, counting.route(call).shed + shedReasons.indexOf(reason), 1),
    ),
    events.on('attempt.started', ({ attempt }, call) => {
      const target = counting.target(attempt)
      if (target === undefined) return
      add(values, target.inFlight, 1)
      if (call.route.strategy === 'broadcast') add(values, target.deliveryAttempts, 1)
      const extra = extraIndex(attempt)
      if (extra >= 0) add(values, counting.route(call).extraAttempts + extra, 1)
    }),
    events.on('attempt.ended', ({ attempt }, call) => {
      const target = counting.target(attempt)
      if (target === undefined) return
      const ms = (attempt.endedMs ?? attempt.startedMs) - attempt.startedMs
      if (call.startedAtMs + attempt.startedMs >= sinceMs) add(values, target.inFlight, -1)
      const outcome = attempt.outcome ?? 'cancelled'
      add(values, target.attempts + outcomeIndex(outcome), 1)
      observe(values, outcome === 'cancelled' ? target.cancelledDuration : target.duration, bounds, ms)
      // An attempt without an answer has no latency here.
      if (target.live !== undefined && attempt.status !== undefined) {
        add(values, target.live.durations + liveBucketOf(ms), 1)
      }
    }),
    // Counters must not go back: the count stays, and `broken` says how many of the counted answers broke off.
    events.on('attempt.broken', ({ attempt, was }) => {
      const target = counting.target(attempt)
      if (target === undefined) return
      add(values, target.broken, 1)
      if (target.live === undefined) return
      add(values, target.live.corrections + outcomeIndex(was), -1)
      add(values, target.live.corrections + outcomeIndex(attempt.outcome), 1)
    }),
    events.on('hedge.sent', ({ count, because }, call) =>
      add(values, counting.route(call).hedgesSent + hedgeReasons.indexOf(because), count),
    ),
    events.on('hedge.denied', (_event, call) => add(values, counting.route(call).hedgesDenied, 1)),
    events.on('retry.scheduled', (_event, call) => add(values, counting.route(call).retriesScheduled, 1)),
    events.on('retry.denied', (_event, call) => add(values, counting.route(call).retriesDenied, 1)),
    events.on('delivery.accepted', (_event, call) => add(values, counting.route(call).deliveriesAccepted, 1)),
    // Emitted on a call of the delivery's own, whose only attempt decided it.
    events.on('delivery.acknowledged', (_event, call) => addToLast('acknowledged', call.attempts)),
    events.on('delivery.dead', (_event, call) => addToLast('dead', call.attempts)),
    events.on('waiter.ended', ({ as, waitedMs }) => {
      add(values, cells.waiterEnds + endNames.indexOf(as), 1)
      observe(values, cells.waiterDuration, bounds, waitedMs)
    }),
    events.on('callback.received', ({ verdict }) => add(values, cells.callbacks + verdictNames.indexOf(verdict), 1)),
  ]

  function addToLast(what: 'acknowledged' | 'dead', attempts: readonly Attempt[]): void {
    const last = attempts.at(-1)
    const target = last === undefined ? undefined : counting.target(last)
    if (target !== undefined) add(values, target[what], 1)
  }

  return () => {
    for (const stop of stops) stop()
  }
}

interface Ended {
  readonly call: Call
  readonly end: CallEnd
  readonly ms: number
}

function countLive(values: Float64Array, live: LiveRouteCells, { call: { attempts }, end, ms }: Ended): void {
  if (end.status !== 0 && end.status !== switching) add(values, live.durations + liveBucketOf(ms), 1)
  const count = attempts.length
  if (count === 0) return
  add(values, live.attempts, count)
  for (let i = 1; i < count; i++) {
    const { won, kind } = attempts[i] as Attempt
    // A broadcast or named calls to several upstreams make several first attempts: none is extra or rescues another.
    if (kind === 'first') continue
    add(values, live.extra, 1)
    if (won) add(values, live.rescued, 1)
  }
}

/** Index of the route's counter for this kind of end. */
function callIndex({ status, failure }: CallEnd): number {
  const statusClass = status >= 200 && status < 300 ? 0 : otherClass(status)
  return statusClass * failureLabels.length + (failure === undefined ? 0 : failureLabels.indexOf(failure.code))
}

/** Success has index 0. */
function outcomeIndex(outcome: Attempt['outcome']): number {
  return outcome === 'success' ? 0 : attemptOutcomes.indexOf(outcome ?? 'cancelled')
}

/** Index of the kind of extra load; -1 for none. */
function extraIndex({ number, kind }: Attempt): number {
  return number === 1 || kind === 'first' ? -1 : extraKinds.indexOf(kind)
}

function otherClass(status: number): number {
  const name = `${Math.floor(status / 100)}xx`
  const index = statusClasses.findIndex((one) => one === name)
  return index < 0 ? statusClasses.indexOf('none') : index
}

function winnerOf(attempts: readonly Attempt[]): Attempt | undefined {
  for (let index = attempts.length - 1; index >= 0; index--) {
    const attempt = attempts[index] as Attempt
    if (attempt.won) return attempt
  }
  return undefined
}
