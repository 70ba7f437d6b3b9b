import type { Attempt, Target } from '../core/attempt.ts'
import { type Failure, failure } from '../core/failure.ts'
import type { Outcome } from '../core/outcome.ts'
import { LiveCall } from '../kit/live-call.ts'
import type { Runtime } from '../kit/runtime.ts'
import { statusRangeText } from '../layers/success/options.ts'
import { statusCounts } from '../layers/success/success.ts'
import { anySuccess } from '../strategies/strategy.ts'
import { attemptRequest } from './attempt-request.ts'
import type { Delivery, DeliveryLeg } from './delivery.ts'
import type { DeliveryRoute, DeliveryRoutes } from './delivery-route.ts'
import type { AttemptResult } from './leg.ts'
import { Queues, queueName } from './queues.ts'
import { waitMs } from './schedule.ts'
import type { TargetQueue } from './target-queue.ts'

export interface AttemptsOptions extends Pick<Runtime, 'clock' | 'random' | 'events' | 'reportBug'> {
  readonly routes: DeliveryRoutes
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
  join(leg: DeliveryLeg): void {
    const { routes, clock } = this.#options
    const { schedule } = routes.of(leg)
    this.#queues.join(this.#queueNameOf(leg), leg)
    const { wait } = leg
    if (wait === undefined) return this.#pump(leg)
    // The wall clock may have been set back since the last run: no wait is longer than planned.
    const longestMs = wait.ms ?? schedule.maxMs + schedule.jitterMs
    this.#waitFor(leg, Math.min(longestMs, wait.until - clock.wallNow()))
  }

  /** Queues a replayed leg again, which may not have left its queue yet. */
  rejoin(leg: DeliveryLeg): void {
    const queue = leg.position?.queue
    if (queue === this.#queues.of(this.#queueNameOf(leg))) {
      queue.due(leg)
      this.#pumpQueue(queue)
    } else {
      this.release(leg)
      this.join(leg)
    }
  }

  /** Gives up a dead, queued or waiting leg; it keeps its position in its lane until that is on disk. */
  discard(leg: DeliveryLeg): boolean {
    if (leg.phase !== 'dead' && leg.phase !== 'queued' && leg.phase !== 'waiting') return false
    leg.discard()
    leg.position?.queue.hold(leg)
    return true
  }

  /** The leg is done at its target: the next leg of its lane may go. */
  release(leg: DeliveryLeg): void {
    const { queue } = leg.leave()
    const next = queue.release(leg)
    if (next?.phase === 'queued') queue.due(next)
    this.#pumpQueue(queue)
  }

  /** Applies new routes; legs without a route or target are already dead. `legs`: all legs in queues. */
  rearrange(legs: readonly DeliveryLeg[]): void {
    const { routes } = this.#options
    const nameOf = (leg: DeliveryLeg): string =>
      routes.missing(leg) === undefined ? this.#queueNameOf(leg) : (leg.position?.queue.name ?? '')
    for (const queue of this.#queues.all()) queue.holdAllBut(({ phase }) => phase === 'queued')
    if (legs.some((leg) => leg.position?.queue.name !== nameOf(leg))) this.#queues.rearrange(legs, nameOf)
    this.#queues.limit(routes.concurrencies)
    for (const queue of this.#queues.all()) this.#pumpQueue(queue)
  }

  #queueNameOf(leg: DeliveryLeg): string {
    return queueName(this.#options.routes.of(leg).upstream, leg.target)
  }

  #waitFor(leg: DeliveryLeg, delayMs: number): void {
    const timer = this.#options.clock.after(Math.max(0, delayMs), () => {
      leg.due()
      leg.position?.queue.due(leg)
      this.#pump(leg)
    })
    leg.waitFor(timer)
  }

  /** Sends what may be sent at the target of this leg. */
  #pump({ position }: DeliveryLeg): void {
    if (position !== undefined) this.#pumpQueue(position.queue)
  }

  #pumpQueue(queue: TargetQueue<DeliveryLeg>): void {
    while (!this.#isStopping) {
      const leg = queue.take()
      if (leg === undefined) return
      this.#send(leg)
    }
  }

  #send(leg: DeliveryLeg): void {
    const { delivery } = leg
    const { clock, events, reportBug, routes } = this.#options
    const route = routes.of(leg)
    const target = route.targets.find(({ name }) => name === leg.target) as Target
    const facts = { name: route.name, strategy: 'broadcast', idleTimeoutMs: 30_000 }
    // The call that brought the delivery may end at any time: each attempt makes its own span.
    const trace = delivery.trace && { ...delivery.trace, attempts: [], detached: true }
    const { id, startedAtMs } = delivery
    const call = new LiveCall({ id, route: facts, clock, events, startedAtMs, trace })
    call.expireAt(clock.now() + route.attemptTimeoutMs)
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    leg.send({ call, ended })
    const attempt = call.begin(target)
    delivery.attempted(attempt)
    this.#attempt(leg, route, attempt, call)
      .catch((error: unknown) => reportBug(error, delivery.id))
      .finally(resolve)
  }

  async #attempt(leg: DeliveryLeg, route: DeliveryRoute, attempt: Attempt, call: LiveCall): Promise<void> {
    const { delivery } = leg
    this.#calls.add(call)
    let outcome: Outcome
    try {
      outcome = await route.send(attemptRequest(delivery, attempt, leg.attempts + 1), call)
    } finally {
      this.#calls.delete(call)
      leg.position?.queue.back()
    }
    const thenDiscard = leg.attempt?.thenDiscard === true
    const { outcome: ended = 'cancelled', status, detail } = attempt
    const result = { outcome: ended, status, detail }
    if (!outcome.ok && outcome.failure.code === 'CANCELLED') this.#interrupted(leg, thenDiscard)
    else this.#judge(leg, outcome, result, call)
    if (thenDiscard) this.discard(leg)
    this.#options.save(delivery)
    this.#pump(leg)
    this.#options.onEnded(delivery)
  }

  #judge(leg: DeliveryLeg, outcome: Outcome, result: AttemptResult, call: LiveCall): void {
    const { delivery } = leg
    const { routes, onAbandoned } = this.#options
    const facts = { deliveryId: delivery.id, target: leg.target, attempts: leg.attempts + 1 }
    const missing = routes.missing(leg)
    if (!outcome.ok && missing === undefined) this.#tellUncounted(leg, outcome.failure, call)
    if (outcome.ok) {
      leg.answered(result)
      delivery.acknowledged(outcome.response)
      call.emit({ type: 'delivery.acknowledged', ...facts })
    } else if (outcome.failure.code === 'GATEWAY_EXHAUSTED' && missing === undefined) this.#postponed(leg, result)
    else if (missing !== undefined) {
      leg.died({ ...result, detail: missing })
      onAbandoned()
      delivery.died()
    } else if (leg.attempts + 1 >= routes.of(leg).attempts) {
      leg.died(result)
      delivery.died()
      call.emit({ type: 'delivery.dead', ...facts })
    } else this.#failed(leg, result, outcome.failure.retryAfterMs)
  }

  /** Most systems take any 2xx as success: a write whose 2xx does not count looks delivered, but is sent again. */
  #tellUncounted(leg: DeliveryLeg, { upstreamStatus: status = 0 }: Failure, call: LiveCall): void {
    const { statuses } = this.#options.routes.of(leg)
    if (statuses === undefined || !statusCounts(anySuccess, status)) return
    const counted = statuses.map(statusRangeText).join(', ')
    call.emit({ type: 'delivery.uncounted', target: leg.target, status, counted })
  }

  #interrupted(leg: DeliveryLeg, thenDiscard: boolean): void {
    const { delivery } = leg
    const missing = this.#options.routes.missing(leg)
    leg.interrupted()
    // The operator reports a discard; after a shutdown the next run finds out what is missing.
    if (thenDiscard || this.#isStopping || missing === undefined) return
    leg.abandoned(missing)
    this.#options.onAbandoned()
    delivery.died()
  }

  /** The gateway itself lacked a resource for sending: the target has had no attempt. */
  #postponed(leg: DeliveryLeg, result: AttemptResult): void {
    const { clock, random, routes } = this.#options
    const delayMs = waitMs(routes.of(leg).schedule, leg.attempts, undefined, random)
    leg.postponed(result, clock.wallNow() + delayMs)
    if (!this.#isStopping) this.#waitFor(leg, delayMs)
  }

  #failed(leg: DeliveryLeg, result: AttemptResult, retryAfterMs: number | undefined): void {
    const { clock, random, routes } = this.#options
    const delayMs = waitMs(routes.of(leg).schedule, leg.attempts, retryAfterMs, random)
    leg.failed(result, { until: clock.wallNow() + delayMs, ms: delayMs })
    if (!this.#isStopping) this.#waitFor(leg, delayMs)
  }
}
