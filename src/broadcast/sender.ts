import type { Attempt, Target } from '../core/attempt.ts'
import { type Failure, failure } from '../core/failure.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import { LiveCall } from '../kit/live-call.ts'
import type { Random } from '../kit/random.ts'
import { statusRangeText } from '../layers/success/options.ts'
import { statusCounts } from '../layers/success/success.ts'
import { anySuccess } from '../strategies/strategy.ts'
import { attemptRequest } from './attempt-request.ts'
import { cancelWait, type Delivery, noActivity, type QueuedLeg } from './delivery.ts'
import type { DeliveryRoute, DeliveryRoutes } from './delivery-route.ts'
import type { AttemptResult } from './leg.ts'
import { Queues, queueName } from './queues.ts'
import { waitMs } from './schedule.ts'
import type { TargetQueue } from './target-queue.ts'

export interface AttemptsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  readonly routes: DeliveryRoutes
  readonly reportBug: (fault: unknown, deliveryId: string) => void
  /** A change has to be saved. */
  readonly save: (delivery: Delivery) => void
  /** A leg was given up because its target or route is gone. */
  readonly onAbandoned: () => void
  readonly onEnded: (delivery: Delivery) => void
}

/** Sends legs when their turn comes, by the routes as configured then, and judges the answers. */
export class Attempts {
  readonly #options: AttemptsOptions
  readonly #queues = new Queues()
  readonly #calls = new Set<LiveCall>()
  #isStopping = false

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  get isQuiet(): boolean {
    return this.#calls.size === 0
  }

  /** Starts no more attempts. */
  stop(): void {
    this.#isStopping = true
  }

  cutOff(): void {
    for (const call of this.#calls) call.abort(failure('CANCELLED', 'The gateway is shutting down'))
  }

  /** Joins the queue of its target; its route and target must be configured. */
  join(place: QueuedLeg): void {
    const { routes, clock } = this.#options
    const { leg } = place
    const { schedule } = routes.of(place)
    this.#queues.join(this.#queueNameOf(place), place)
    if (leg.phase !== 'waiting') return this.#pump(place.queue)
    // The wall clock may have been set back since the last run: no wait is longer than planned.
    const longestMs = leg.waitMs ?? schedule.maxMs + schedule.jitterMs
    this.#waitFor(place, Math.min(longestMs, (leg.nextAttemptAt ?? 0) - clock.wallNow()))
  }

  /** Queues a replayed leg again, which may not have left its queue yet. */
  rejoin(place: QueuedLeg): void {
    if (place.queue === this.#queues.of(this.#queueNameOf(place))) {
      place.queue.due(place)
      this.#pump(place.queue)
    } else {
      this.release(place)
      this.join(place)
    }
  }

  /** Gives up a dead, queued or waiting leg; it keeps its position in its lane until that is on disk. */
  discard(place: QueuedLeg): boolean {
    const { leg, queue } = place
    if (leg.phase !== 'dead' && leg.phase !== 'queued' && leg.phase !== 'waiting') return false
    cancelWait(place)
    leg.discard()
    if (!place.released) queue?.hold(place)
    return true
  }

  /** The leg is done at its target: the next leg of its lane may go. */
  release(place: QueuedLeg): void {
    const next = place.queue?.release(place)
    if (next?.leg.phase === 'queued') place.queue?.due(next)
    this.#pump(place.queue)
  }

  /** Applies new routes; legs without a route or target are already dead. `places`: all legs in queues. */
  rearrange(places: readonly QueuedLeg[]): void {
    const { routes } = this.#options
    const nameOf = (place: QueuedLeg): string =>
      routes.missing(place) === undefined ? this.#queueNameOf(place) : (place.queue?.name ?? '')
    for (const queue of this.#queues.all()) queue.holdAllBut(({ leg }) => leg.phase === 'queued')
    if (places.some((place) => place.queue?.name !== nameOf(place))) this.#queues.rearrange(places, nameOf)
    this.#queues.limit(routes.concurrencies)
    for (const queue of this.#queues.all()) this.#pump(queue)
  }

  #queueNameOf(place: QueuedLeg): string {
    return queueName(this.#options.routes.of(place).upstream, place.leg.target)
  }

  #waitFor(place: QueuedLeg, delayMs: number): void {
    const timer = this.#options.clock.after(Math.max(0, delayMs), () => {
      place.activity = noActivity
      place.leg.due()
      place.queue?.due(place)
      this.#pump(place.queue)
    })
    place.activity = { kind: 'wait', timer }
  }

  #pump(queue: TargetQueue<QueuedLeg> | undefined): void {
    while (!this.#isStopping) {
      const place = queue?.take()
      if (place === undefined) return
      this.#send(place)
    }
  }

  #send(place: QueuedLeg): void {
    const { delivery, leg } = place
    const { clock, events, reportBug, routes } = this.#options
    const route = routes.of(place)
    leg.send()
    const target = route.targets.find(({ name }) => name === leg.target) as Target
    const facts = { name: route.name, strategy: 'broadcast', idleTimeoutMs: 30_000 }
    // The call that brought the delivery may end at any time: each attempt makes its own span.
    const trace = delivery.trace && { ...delivery.trace, attempts: [], detached: true }
    const { id, startedAtMs } = delivery
    const call = new LiveCall({ id, route: facts, clock, events, startedAtMs, trace })
    call.expireAt(clock.now() + route.attemptTimeoutMs)
    const attempt = call.begin(target)
    delivery.attempted(attempt)
    const ended = this.#attempt(place, route, attempt, call).catch((fault: unknown) => reportBug(fault, delivery.id))
    place.activity = { kind: 'attempt', call, ended, thenDiscard: false }
  }

  async #attempt(place: QueuedLeg, route: DeliveryRoute, attempt: Attempt, call: LiveCall): Promise<void> {
    const { delivery, leg } = place
    this.#calls.add(call)
    let outcome: Outcome
    try {
      outcome = await route.send(attemptRequest(delivery, attempt, leg.attempts + 1), call)
    } finally {
      this.#calls.delete(call)
      place.queue?.back()
    }
    const thenDiscard = place.activity.kind === 'attempt' && place.activity.thenDiscard
    place.activity = noActivity
    const { outcome: ended = 'cancelled', status, detail } = attempt
    const result = { outcome: ended, status, detail }
    if (!outcome.ok && outcome.failure.code === 'CANCELLED') this.#interrupted(place, thenDiscard)
    else this.#judge(place, outcome, result, call)
    if (thenDiscard) this.discard(place)
    this.#options.save(delivery)
    this.#pump(place.queue)
    this.#options.onEnded(delivery)
  }

  #judge(place: QueuedLeg, outcome: Outcome, result: AttemptResult, call: LiveCall): void {
    const { delivery, leg } = place
    const { routes, onAbandoned } = this.#options
    const facts = { deliveryId: delivery.id, target: leg.target, attempts: leg.attempts + 1 }
    const missing = routes.missing(place)
    if (!outcome.ok && missing === undefined) this.#tellUncounted(place, outcome.failure, call)
    if (outcome.ok) {
      leg.answered(result)
      delivery.acknowledged(outcome.response)
      call.emit({ type: 'delivery.acknowledged', ...facts })
    } else if (outcome.failure.code === 'GATEWAY_EXHAUSTED' && missing === undefined) this.#postponed(place, result)
    else if (missing !== undefined) {
      leg.died({ ...result, detail: missing })
      onAbandoned()
      delivery.died()
    } else if (leg.attempts + 1 >= routes.of(place).attempts) {
      leg.died(result)
      delivery.died()
      call.emit({ type: 'delivery.dead', ...facts })
    } else this.#failed(place, result, outcome.failure.retryAfterMs)
  }

  /** Most systems take any 2xx as success: a write whose 2xx does not count looks delivered, but is sent again. */
  #tellUncounted(place: QueuedLeg, { upstreamStatus: status = 0 }: Failure, call: LiveCall): void {
    const { statuses } = this.#options.routes.of(place)
    if (statuses === undefined || !statusCounts(anySuccess, status)) return
    const counted = statuses.map(statusRangeText).join(', ')
    call.emit({ type: 'delivery.uncounted', target: place.leg.target, status, counted })
  }

  #interrupted(place: QueuedLeg, thenDiscard: boolean): void {
    const { delivery, leg } = place
    const missing = this.#options.routes.missing(place)
    leg.interrupted()
    // The operator reports a discard; after a shutdown the next run finds out what is missing.
    if (thenDiscard || this.#isStopping || missing === undefined) return
    leg.abandoned(missing)
    this.#options.onAbandoned()
    delivery.died()
  }

  /** The gateway itself lacked a resource for sending: the target has had no attempt. */
  #postponed(place: QueuedLeg, result: AttemptResult): void {
    const { clock, random, routes } = this.#options
    const delayMs = waitMs(routes.of(place).schedule, place.leg.attempts, undefined, random)
    place.leg.postponed(result, clock.wallNow() + delayMs)
    if (!this.#isStopping) this.#waitFor(place, delayMs)
  }

  #failed(place: QueuedLeg, result: AttemptResult, retryAfterMs: number | undefined): void {
    const { clock, random, routes } = this.#options
    const delayMs = waitMs(routes.of(place).schedule, place.leg.attempts, retryAfterMs, random)
    place.leg.failed(result, { until: clock.wallNow() + delayMs, ms: delayMs })
    if (!this.#isStopping) this.#waitFor(place, delayMs)
  }
}
