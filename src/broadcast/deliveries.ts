import type { HeaderPairs } from '../core/headers.ts'
import type { CallTrace } from '../core/trace.ts'
import type { Timer } from '../kit/clock.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { DeliveryStore, NewDelivery } from '../store/delivery-store.ts'
import { Delivery, type DeliveryLeg, type Observer } from './delivery.ts'
import { type DeliveryRoute, DeliveryRoutes } from './delivery-route.ts'
import { Operator } from './operations.ts'
import { Saver } from './persister.ts'
import { Retention } from './retention.ts'
import { Attempts } from './sender.ts'
import type { UnfinishedDelivery } from './unfinished.ts'

/** Settings that a reload may change, besides the routes. */
export interface DeliveriesSettings {
  /** Decides whether a delivery of an earlier run is traced. */
  readonly resumedTraceOf?: ((headers: HeaderPairs) => CallTrace | undefined) | undefined
  /** How long finished deliveries are kept. */
  readonly retentionMs: number
}

export interface DeliveriesOptions
  extends DeliveriesSettings,
    Pick<Runtime, 'clock' | 'random' | 'events' | 'reportBug'> {
  readonly store: DeliveryStore
}

/** How long a shutdown waits for a store that does not answer. */
const savingGraceMs = 5000

/** All deliveries under way: starts, resumes and ends them. `sender.ts` does the sending. */
export class Deliveries {
  readonly #options: DeliveriesOptions
  readonly #routes = new DeliveryRoutes()
  readonly #active = new Map<string, Delivery>()
  readonly #attempts: Attempts
  readonly #saver: Saver
  readonly #retention: Retention
  readonly #operator: Operator
  #resumedTraceOf: DeliveriesSettings['resumedTraceOf']
  #stopping = false
  #abandoned = 0
  #onQuiet: (() => void) | undefined

  constructor(options: DeliveriesOptions) {
    this.#options = options
    this.#resumedTraceOf = options.resumedTraceOf
    this.#saver = new Saver({
      ...options,
      onSettled: (leg) => this.#attempts.release(leg),
      onSaved: (delivery) => {
        if (!delivery.isPending) this.#active.delete(delivery.id)
        this.#checkQuiet()
      },
    })
    this.#attempts = new Attempts({
      ...options,
      routes: this.#routes,
      save: (delivery) => this.#saver.save(delivery),
      onAbandoned: () => this.#abandoned++,
      onEnded: (delivery) => {
        this.#pauseIfStopping(delivery)
        this.#checkQuiet()
      },
    })
    this.#retention = new Retention(options)
    this.#operator = new Operator({
      ...options,
      active: this.#active,
      routes: this.#routes,
      attempts: this.#attempts,
      saver: this.#saver,
      resumedTraceOf: (headers) => this.#resumedTraceOf?.(headers),
    })
  }

  update({ resumedTraceOf, retentionMs }: DeliveriesSettings): void {
    this.#resumedTraceOf = resumedTraceOf
    this.#retention.keepFor(retentionMs)
  }

  /**
   * Replaces the routes; without any, nothing is sent. A leg that waits for a removed route or target becomes a dead
   * letter, as it would at a restart; an attempt under way may end, and its leg is dead if it fails. All other legs
   * keep their position in their lane, and use the new options from their next attempt on. Returns the number of legs
   * that became dead letters at once.
   */
  reconfigure(routes: readonly DeliveryRoute[]): number {
    this.#routes.replace(routes)
    if (this.#stopping) return 0
    const before = this.#abandoned
    const inQueues: DeliveryLeg[] = []
    for (const delivery of this.#active.values()) {
      const abandonedBefore = this.#abandoned
      for (const leg of delivery.legs) {
        if (leg.position === undefined) continue
        inQueues.push(leg)
        this.#abandonIfMissing(leg)
      }
      if (this.#abandoned === abandonedBefore) continue
      delivery.died()
      this.#saver.save(delivery)
    }
    this.#attempts.rearrange(inQueues)
    return this.#abandoned - before
  }

  /** Begins the unfinished deliveries of an earlier run. */
  resume(unfinished: readonly UnfinishedDelivery[]): void {
    for (const delivery of unfinished) {
      const trace = this.#resumedTraceOf?.(delivery.request.headers)
      this.begin(delivery, delivery.sequence, { trace })
    }
  }

  /** Starts a stored delivery: its legs join the queues of their targets. `trace`: the parent of its attempts. */
  begin(
    stored: NewDelivery,
    sequence: number,
    { trace, observer }: { readonly trace?: CallTrace | undefined; readonly observer?: Observer | undefined } = {},
  ): Delivery {
    const delivery = new Delivery(stored, sequence, this.#options.clock.now(), trace)
    // Before the first attempt, which is sent below.
    if (observer !== undefined) delivery.observe(observer)
    this.#active.set(delivery.id, delivery)
    for (const leg of delivery.legs) if (leg.isPending) this.#join(leg)
    this.#pauseIfStopping(delivery)
    return delivery
  }

  active(id: string): Delivery | undefined {
    return this.#active.get(id)
  }

  /** Legs that became dead letters at once, because their target or route is gone. */
  get abandonedCount(): number {
    return this.#abandoned
  }

  get pendingCount(): number {
    return this.#active.size
  }

  /**
   * Starts no more attempts. Those under way may end within the grace period, then they are cancelled. Their results
   * are saved if the store accepts them; otherwise the next run sends those writes again.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#attempts.stop()
    this.#saver.stop()
    this.#retention.stop()
    for (const delivery of this.#active.values()) {
      for (const leg of delivery.legs) leg.stopWaiting()
      this.#pauseIfStopping(delivery)
    }
    const { clock } = this.#options
    const timer = clock.after(graceMs, () => this.#attempts.cutOff())
    let giveUp: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#onQuiet = resolve
      giveUp = clock.after(graceMs + savingGraceMs, resolve)
      this.#checkQuiet()
    })
    giveUp?.cancel()
    timer.cancel()
  }

  /** Operator actions on deliveries. */
  get operator(): Operator {
    return this.#operator
  }

  #join(leg: DeliveryLeg): void {
    if (this.#abandonIfMissing(leg)) this.#saver.save(leg.delivery)
    else this.#attempts.join(leg)
  }

  /** Gives up a leg whose target or route is gone. An attempt under way may end first. */
  #abandonIfMissing(leg: DeliveryLeg): boolean {
    const isIdle = leg.phase === 'new' || leg.phase === 'queued' || leg.phase === 'waiting'
    const missing = isIdle ? this.#routes.missing(leg) : undefined
    if (missing === undefined) return false
    leg.abandoned(missing)
    this.#abandoned++
    return true
  }

  #pauseIfStopping(delivery: Delivery): void {
    if (this.#stopping && !delivery.isSending) delivery.paused()
  }

  #checkQuiet(): void {
    if (!this.#attempts.isQuiet || this.#onQuiet === undefined) return
    for (const delivery of this.#active.values()) if (delivery.saving) return
    this.#onQuiet()
  }
}
