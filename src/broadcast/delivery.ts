import type { Attempt } from '../core/attempt.ts'
import type { Call } from '../core/call.ts'
import type { GatewayResponse } from '../core/response.ts'
import type { Result } from '../core/result.ts'
import type { CallTrace } from '../core/trace.ts'
import type { Timer } from '../kit/clock.ts'
import type { DeliveryUpdate, NewDelivery, StoredAnswer, StoredRequest } from '../store/delivery-store.ts'
import { Leg } from './leg.ts'
import type { TargetQueue } from './target-queue.ts'

/** Waits for the outcome of a delivery: a client's call. */
export interface Observer {
  /** An attempt was started. */
  attempted(attempt: Attempt): void
  acknowledged(response: GatewayResponse): void
  died(): void
  /** Nothing more will be sent in this run: the next run continues. */
  paused(): void
}

/** A leg with its position in its target's queue. */
export interface QueuedLeg {
  readonly delivery: Delivery
  readonly leg: Leg
  readonly lane: string | undefined
  /** Its target's queue, once joined. */
  queue: TargetQueue<QueuedLeg> | undefined
  /** Lower for a leg that joined a queue earlier. */
  turn: number
  activity: Activity
  /** It has left its target's queue. */
  released: boolean
}

/** The work of this run on a leg, beside its phase: only a waiting leg has a timer, only one that is sent a call. */
export type Activity =
  | { readonly kind: 'none' }
  /** Its next attempt is due when the timer fires. */
  | { readonly kind: 'wait'; readonly timer: Timer }
  /** `thenDiscard`: an operator discards the leg as soon as this attempt has ended. */
  | { readonly kind: 'attempt'; readonly call: Call; readonly ended: Promise<void>; readonly thenDiscard: boolean }

export const noActivity: Activity = { kind: 'none' }

/** Ends a wait; an attempt goes on. */
export function cancelWait(queued: QueuedLeg): void {
  if (queued.activity.kind !== 'wait') return
  queued.activity.timer.cancel()
  queued.activity = noActivity
}

/** A delivery under way: its state as stored, and its observers. */
export class Delivery {
  readonly id: string
  readonly sequence: number
  readonly route: string
  readonly request: StoredRequest
  readonly places: readonly QueuedLeg[]
  readonly keepsAnswer: boolean
  /** On the gateway's clock; the times of attempts are relative to this. */
  readonly startedAtMs: number
  readonly trace: CallTrace | undefined
  /** Whether a target has acknowledged it, in this run or an earlier one. */
  isAnswered: boolean
  isPaused = false
  saving = false
  /** Something has changed since the last save began. */
  changed = false
  /** Called with the result of the next save. */
  readonly saveWatchers: ((result: Result<undefined>) => void)[] = []
  #answer: GatewayResponse | undefined
  #isAnswerSaved = false
  readonly #observers = new Set<Observer>()

  constructor(stored: NewDelivery, sequence: number, startedAtMs: number, trace?: CallTrace) {
    this.id = stored.id
    this.sequence = sequence
    this.route = stored.route
    this.request = stored.request
    this.keepsAnswer = stored.idempotencyKey !== undefined
    this.isAnswered = stored.legs.some(({ state }) => state === 'acknowledged')
    this.startedAtMs = startedAtMs
    this.trace = trace
    // A leg that an earlier run finished never joins a queue here.
    const place = (leg: Leg): QueuedLeg => ({
      delivery: this,
      leg,
      lane: stored.lane,
      queue: undefined,
      turn: 0,
      activity: noActivity,
      released: !leg.isPending,
    })
    this.places = stored.legs.map((leg) => place(new Leg(leg)))
  }

  /** The first good answer, while an observer may need it: it may be large, and the store has it too. */
  get answer(): GatewayResponse | undefined {
    return this.#answer
  }

  get isPending(): boolean {
    return this.places.some(({ leg }) => leg.isPending)
  }

  get isAcknowledgedByAll(): boolean {
    return this.places.every(({ leg }) => leg.phase === 'recording' || leg.phase === 'acknowledged')
  }

  get isDeadEverywhere(): boolean {
    return this.places.every(({ leg }) => leg.phase === 'dead' || leg.phase === 'discarded')
  }

  get isSending(): boolean {
    return this.places.some(({ leg }) => leg.phase === 'sending')
  }

  get hasDied(): boolean {
    return this.places.some(({ leg }) => leg.phase === 'dead' || leg.phase === 'discarded')
  }

  observe(observer: Observer): () => void {
    this.#observers.add(observer)
    return () => {
      this.#observers.delete(observer)
      this.#dropAnswer()
    }
  }

  attempted(attempt: Attempt): void {
    for (const observer of this.#observers) observer.attempted(attempt)
  }

  acknowledged(response: GatewayResponse): void {
    if (!this.isAnswered) this.#answer = response
    this.isAnswered = true
    for (const observer of this.#observers) observer.acknowledged(response)
    this.#dropAnswer()
  }

  died(): void {
    for (const observer of this.#observers) observer.died()
  }

  paused(): void {
    this.isPaused = true
    for (const observer of this.#observers) observer.paused()
  }

  update(wallNow: number): DeliveryUpdate {
    return {
      sequence: this.sequence,
      legs: this.places.map(({ leg }) => leg.stored()),
      finishedAt: this.isPending ? undefined : wallNow,
      answer: this.keepsAnswer && !this.#isAnswerSaved ? storedAnswer(this.#answer) : undefined,
    }
  }

  saved({ answer }: DeliveryUpdate): void {
    if (answer === undefined) return
    this.#isAnswerSaved = true
    this.#dropAnswer()
  }

  #dropAnswer(): void {
    const isToBeSaved = this.keepsAnswer && !this.#isAnswerSaved
    if (!isToBeSaved && this.#observers.size === 0) this.#answer = undefined
  }
}

function storedAnswer(answer: GatewayResponse | undefined): StoredAnswer | undefined {
  if (answer === undefined) return undefined
  const { status, headers, body } = answer
  return { status, headers, body: body instanceof Uint8Array ? body : new Uint8Array(0) }
}
