import type { Attempt, Target } from '../../core/attempt.ts'
import { type Failure, failure } from '../../core/failure.ts'
import type { HeaderPairs } from '../../core/headers.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Service } from '../../core/service.ts'
import type { CallTrace } from '../../core/trace.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { Random } from '../../kit/random.ts'
import type { DeliveryStore, NewDelivery, StoredDelivery } from '../../store/delivery-store.ts'
import { attemptRequest } from './attempt-request.ts'
import { Delivery, type Observer, type Place } from './delivery.ts'
import type { AttemptResult } from './leg.ts'
import { Retention } from './retention.ts'
import { Saver } from './saver.ts'
import { maxRetryAfterMs, type ScheduleOptions, waitMs } from './schedule.ts'
import { TargetQueue } from './target-queue.ts'

/** What a route says of its deliveries. */
export interface DeliveryRoute {
  readonly name: string
  readonly upstream: string
  readonly targets: readonly Target[]
  readonly attempts: number
  readonly attemptTimeoutMs: number
  readonly schedule: ScheduleOptions
  readonly concurrency: number
  /** Sends one attempt to the target that the request names. */
  readonly send: Service
}

export interface DeliveriesOptions {
  readonly store: DeliveryStore
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  /** Decides whether a delivery of an earlier run is traced. */
  readonly resumedTraceOf?: ((headers: HeaderPairs) => CallTrace | undefined) | undefined
  readonly logFault: (fault: unknown, deliveryId: string) => void
  /** How long finished deliveries are kept. */
  readonly retentionMs: number
}

/** At the end, how long a store that does not answer is waited for. */
const savingGraceMs = 5000
const resumePage = 500

/** The thin shell around `leg.ts`, `target-queue.ts` and `schedule.ts`: sends what has its turn, records what comes. */
export class Deliveries {
  readonly #options: DeliveriesOptions
  readonly #routes = new Map<string, DeliveryRoute>()
  readonly #queues = new Map<string, TargetQueue<Place>>()
  readonly #active = new Map<string, Delivery>()
  readonly #calls = new Set<LiveCall>()
  readonly #saver: Saver
  readonly #retention: Retention
  #stopping = false
  #abandoned = 0
  #onQuiet: (() => void) | undefined

  constructor(options: DeliveriesOptions) {
    this.#options = options
    this.#saver = new Saver({
      ...options,
      onSettled: (place) => this.#settled(place),
      onSaved: (delivery) => {
        if (!delivery.isPending) this.#active.delete(delivery.id)
        this.#checkQuiet()
      },
    })
    this.#retention = new Retention(options)
  }

  addRoute(route: DeliveryRoute): void {
    this.#routes.set(route.name, route)
    for (const { name } of route.targets) this.#queueOf(route.upstream, name).allow(route.concurrency)
  }

  /** Takes up what an earlier run left unfinished. */
  async resume(): Promise<Failure | undefined> {
    for (let after = 0; ; ) {
      const page = await this.#options.store.unfinished(after, resumePage)
      if (!Array.isArray(page)) return page as Failure
      for (const stored of page as readonly StoredDelivery[]) {
        after = stored.sequence
        const { request } = stored
        if (request === undefined) continue
        const trace = this.#options.resumedTraceOf?.(request.headers)
        this.begin({ ...stored, request }, stored.sequence, { trace })
      }
      if (page.length < resumePage) return undefined
    }
  }

  /** A delivery that the store has; its legs join the queues of their targets. `trace`: what its attempts belong to. */
  begin(
    stored: NewDelivery,
    sequence: number,
    { trace, observer }: { readonly trace?: CallTrace | undefined; readonly observer?: Observer } = {},
  ): Delivery {
    const delivery = new Delivery(stored, sequence, this.#options.clock.now(), trace)
    // Before the first attempt, which is sent below.
    if (observer !== undefined) delivery.observe(observer)
    this.#active.set(delivery.id, delivery)
    for (const place of delivery.places) if (place.leg.isPending) this.#join(place)
    this.#pauseIfStopping(delivery)
    return delivery
  }

  active(id: string): Delivery | undefined {
    return this.#active.get(id)
  }

  /** Legs that were dead letters at once, as there is nobody left to send them to. */
  get abandonedCount(): number {
    return this.#abandoned
  }

  get pendingCount(): number {
    return this.#active.size
  }

  /**
   * Begins no more attempts; those under way may end within the grace, then they are cut off. What they come to is saved,
   * as far as the store takes it: what it does not is sent again by the next run.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#saver.stop()
    this.#retention.stop()
    for (const delivery of this.#active.values()) {
      for (const place of delivery.places) place.timer?.cancel()
      this.#pauseIfStopping(delivery)
    }
    const { clock } = this.#options
    const timer = clock.after(graceMs, () => {
      for (const call of this.#calls) call.abort(failure('CANCELLED', 'The gateway is shutting down'))
    })
    let giveUp: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#onQuiet = resolve
      giveUp = clock.after(graceMs + savingGraceMs, resolve)
      this.#checkQuiet()
    })
    giveUp?.cancel()
    timer.cancel()
  }

  /**
   * What an operator may do. `replay`: what is dead is sent again, its attempts counted anew. `discard`: what is dead or
   * not yet answered is given up, an attempt under way cut off. Answers how many legs that was done to, once that is on
   * disk; undefined where there is no such delivery. What the disk did not take at once is done all the same.
   */
  async operate(id: string, what: 'replay' | 'discard', target?: string): Promise<number | Failure | undefined> {
    const delivery = this.#active.get(id) ?? (await this.#load(id))
    if (!(delivery instanceof Delivery)) return delivery
    // Another call may have loaded it meanwhile.
    const current = this.#active.get(id) ?? delivery
    this.#active.set(id, current)
    const places = current.places.filter(({ leg }) => (target ?? leg.target) === leg.target)
    const count = what === 'replay' ? this.#replay(places) : await this.#discardAll(places)
    if (what === 'discard' && count > 0) current.died()
    return (await this.#saver.saved(current)) ?? count
  }

  async #load(id: string): Promise<Delivery | Failure | 0 | undefined> {
    const stored = await this.#options.store.find(id)
    if (stored === undefined || 'code' in stored) return stored
    // What is over is kept without its request: there is nothing to be done to it.
    if (stored.request === undefined) return 0
    const { request, sequence } = stored
    const trace = this.#options.resumedTraceOf?.(request.headers)
    return new Delivery({ ...stored, request }, sequence, this.#options.clock.now(), trace)
  }

  #replay(places: readonly Place[]): number {
    const dead = places.filter((place) => place.leg.phase === 'dead' && this.#isConfigured(place))
    for (const place of dead) {
      place.leg.replay()
      if (place.released) {
        place.released = false
        this.#join(place)
      } else {
        // That it was dead is not on disk yet, so that it still has its place in its lane.
        const { upstream } = this.#routeOf(place)
        this.#queueOf(upstream, place.leg.target).due(place)
        this.#pump(upstream, place.leg.target)
      }
    }
    return dead.length
  }

  async #discardAll(places: readonly Place[]): Promise<number> {
    const underWay = places.filter(({ leg }) => leg.phase === 'sending')
    const others = places.filter((place) => this.#discard(place))
    for (const place of underWay) {
      place.discarding = true
      place.sending?.call.abort(failure('CANCELLED', 'An operator has discarded it'))
    }
    for (const { sending } of underWay) await sending?.ended
    return others.length + underWay.filter(({ leg }) => leg.phase === 'discarded').length
  }

  /** It keeps its place in its lane until that is on disk. */
  #discard(place: Place): boolean {
    const { leg } = place
    if (leg.phase !== 'dead' && leg.phase !== 'queued' && leg.phase !== 'waiting') return false
    place.timer?.cancel()
    leg.discard()
    if (!place.released) this.#queueOf(this.#routeOf(place).upstream, leg.target).hold(place)
    return true
  }

  #join(place: Place): void {
    const { delivery, leg } = place
    const route = this.#routes.get(delivery.route)
    if (route === undefined || !this.#isConfigured(place)) {
      leg.abandoned(route === undefined ? 'its route is no longer configured' : 'its target is no longer configured')
      place.released = true
      this.#abandoned++
      this.#saver.save(delivery)
      return
    }
    const waits = leg.phase === 'waiting'
    this.#queueOf(route.upstream, leg.target).join(place, !waits)
    // The wall clock may have jumped while nobody looked: no wait is longer than the longest there is.
    const longestMs = Math.max(route.schedule.maxMs + route.schedule.jitterMs, maxRetryAfterMs)
    if (waits) this.#waitFor(place, Math.min(longestMs, (leg.nextAttemptAt ?? 0) - this.#options.clock.wallNow()))
    else this.#pump(route.upstream, leg.target)
  }

  #isConfigured({ delivery, leg }: Place): boolean {
    return this.#routes.get(delivery.route)?.targets.some(({ name }) => name === leg.target) === true
  }

  #waitFor(place: Place, delayMs: number): void {
    place.timer = this.#options.clock.after(Math.max(0, delayMs), () => {
      place.timer = undefined
      place.leg.due()
      const route = this.#routeOf(place)
      this.#queueOf(route.upstream, place.leg.target).due(place)
      this.#pump(route.upstream, place.leg.target)
    })
  }

  #pump(upstream: string, target: string): void {
    const queue = this.#queueOf(upstream, target)
    while (!this.#stopping) {
      const place = queue.take()
      if (place === undefined) return
      this.#send(place)
    }
  }

  #send(place: Place): void {
    const { delivery, leg } = place
    const { clock, events, logFault } = this.#options
    const route = this.#routeOf(place)
    leg.send()
    const target = route.targets.find(({ name }) => name === leg.target) as Target
    const facts = { name: route.name, strategy: 'broadcast', idleTimeoutMs: 30_000 }
    // The call that the delivery came with may end at any time: each attempt makes its span itself.
    const trace = delivery.trace && { ...delivery.trace, attempts: [], detached: true }
    const { id, startedAtMs } = delivery
    const call = new LiveCall({ id, route: facts, clock, events, startedAtMs, trace })
    call.expireAt(clock.now() + route.attemptTimeoutMs)
    const attempt = call.begin(target)
    delivery.attempted(attempt)
    const ended = this.#attempt(place, route, attempt, call).catch((fault: unknown) => logFault(fault, delivery.id))
    place.sending = { call, ended }
  }

  async #attempt(place: Place, route: DeliveryRoute, attempt: Attempt, call: LiveCall): Promise<void> {
    const { delivery, leg } = place
    this.#calls.add(call)
    let outcome: Outcome
    try {
      outcome = await route.send({ ...attemptRequest(delivery, leg.attempts + 1), attempt }, call)
    } finally {
      this.#calls.delete(call)
      this.#queueOf(route.upstream, leg.target).back()
    }
    place.sending = undefined
    const { outcome: ended = 'cancelled', status, detail } = attempt
    this.#judge(place, route, outcome, { outcome: ended, status, detail }, call)
    this.#pump(route.upstream, leg.target)
    this.#pauseIfStopping(delivery)
    this.#checkQuiet()
  }

  #judge(place: Place, route: DeliveryRoute, outcome: Outcome, result: AttemptResult, call: LiveCall): void {
    const { delivery, leg } = place
    const facts = { deliveryId: delivery.id, target: leg.target, attempts: leg.attempts + 1 }
    if (outcome.ok) {
      leg.answered(result)
      delivery.acknowledged(outcome.response)
      call.emit({ type: 'delivery.acknowledged', ...facts })
    } else if (outcome.failure.code === 'CANCELLED') leg.interrupted()
    else if (leg.attempts + 1 >= route.attempts) {
      leg.died(result)
      delivery.died()
      call.emit({ type: 'delivery.dead', ...facts })
    } else {
      const delayMs = waitMs(route.schedule, leg.attempts, outcome.failure.retryAfterMs, this.#options.random)
      leg.failed(result, this.#options.clock.wallNow() + delayMs)
      if (!this.#stopping) this.#waitFor(place, delayMs)
    }
    if (place.discarding) {
      place.discarding = false
      this.#discard(place)
    }
    this.#saver.save(delivery)
  }

  /** It is on disk that this leg is done: the next of its lane may go. */
  #settled(place: Place): void {
    if (place.leg.phase === 'recording') place.leg.recorded()
    if (place.released) return
    place.released = true
    const { upstream } = this.#routeOf(place)
    const queue = this.#queueOf(upstream, place.leg.target)
    const next = queue.release(place)
    if (next?.leg.phase === 'queued') queue.due(next)
    this.#pump(upstream, place.leg.target)
  }

  #queueOf(upstream: string, target: string): TargetQueue<Place> {
    const key = `${upstream} ${target}`
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = new TargetQueue(1)
      this.#queues.set(key, queue)
    }
    return queue
  }

  #routeOf({ delivery }: Place): DeliveryRoute {
    const route = this.#routes.get(delivery.route)
    if (route === undefined) throw new Error(`the route ${delivery.route} has no deliveries`)
    return route
  }

  #pauseIfStopping(delivery: Delivery): void {
    if (this.#stopping && !delivery.isSending) delivery.paused()
  }

  #checkQuiet(): void {
    if (this.#calls.size > 0 || this.#onQuiet === undefined) return
    for (const delivery of this.#active.values()) if (delivery.saving) return
    this.#onQuiet()
  }
}
