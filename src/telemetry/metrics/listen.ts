import type { Attempt } from '../../core/attempt.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { callbackVerdicts, hedgeReasons, waiterEnds } from './catalogue.ts'
import { type Counting, callPlace, extraPlace, outcomePlace } from './counting.ts'
import { add, observe } from './histogram-cells.ts'

const endNames = Object.keys(waiterEnds)
const verdictNames = Object.keys(callbackVerdicts)

/** Counts what happens; answers how to stop. On the way of every call: each listener adds to a few numbers, no more. */
export function listen(events: EventBus, counting: Counting): () => void {
  const { values } = counting.cells
  const { bounds } = counting
  const stops = [
    events.on('call.started', (_event, call) => add(values, counting.route(call).inFlight, 1)),
    events.on('call.ended', ({ end }, call) => {
      const route = counting.route(call)
      add(values, route.inFlight, -1)
      add(values, route.calls + callPlace(end), 1)
      add(values, route.sentBytes, end.bytesSent)
      observe(values, route.duration, bounds, call.elapsedMs())
      if (call.attempts.length < 2) return
      const winner = winnerOf(call.attempts)
      if (winner?.kind === 'hedge') add(values, route.hedgesWon, 1)
      else if (winner?.kind === 'retry') add(values, route.retriesWon, 1)
    }),
    events.on('attempt.started', ({ attempt }, call) => {
      const target = counting.target(attempt)
      if (target === undefined) return
      add(values, target.inFlight, 1)
      if (call.route.strategy === 'broadcast') add(values, target.deliveryAttempts, 1)
      const extra = extraPlace(attempt)
      if (extra >= 0) add(values, counting.route(call).extraAttempts + extra, 1)
    }),
    events.on('attempt.ended', ({ attempt }) => {
      const target = counting.target(attempt)
      if (target === undefined) return
      add(values, target.inFlight, -1)
      add(values, target.attempts + outcomePlace(attempt), 1)
      observe(values, target.duration, bounds, (attempt.endedMs ?? attempt.startedMs) - attempt.startedMs)
    }),
    // A counter must not go back: what was counted stays, and this says how much of it was not the whole truth.
    events.on('attempt.broken', ({ attempt }) => {
      const target = counting.target(attempt)
      if (target !== undefined) add(values, target.broken, 1)
    }),
    events.on('hedge.sent', ({ count, because }, call) =>
      add(values, counting.route(call).hedgesSent + hedgeReasons.indexOf(because), count),
    ),
    events.on('hedge.denied', (_event, call) => add(values, counting.route(call).hedgesDenied, 1)),
    events.on('retry.scheduled', (_event, call) => add(values, counting.route(call).retriesScheduled, 1)),
    events.on('retry.denied', (_event, call) => add(values, counting.route(call).retriesDenied, 1)),
    events.on('delivery.accepted', (_event, call) => add(values, counting.route(call).deliveriesAccepted, 1)),
    // These two come on a call of the delivery's own, which has the one attempt that decided it.
    events.on('delivery.acknowledged', (_event, call) => addToLast('acknowledged', call.attempts)),
    events.on('delivery.dead', (_event, call) => addToLast('dead', call.attempts)),
    events.on('waiter.ended', ({ as, waitedMs }) => {
      add(values, counting.waiterEnds + endNames.indexOf(as), 1)
      observe(values, counting.waiterDuration, bounds, waitedMs)
    }),
    events.on('callback.received', ({ verdict }) => add(values, counting.callbacks + verdictNames.indexOf(verdict), 1)),
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

function winnerOf(attempts: readonly Attempt[]): Attempt | undefined {
  for (let place = attempts.length - 1; place >= 0; place--) {
    const attempt = attempts[place] as Attempt
    if (attempt.won) return attempt
  }
  return undefined
}
