import type { Attempt } from '../core/attempt.ts'
import type { GatewayResponse } from '../core/response.ts'
import type { Result } from '../core/result.ts'
import type { CallTrace } from '../core/trace.ts'
import type { DeliveryUpdate, NewDelivery, StoredAnswer, StoredRequest } from '../store/delivery-store.ts'
import { Leg } from './leg.ts'

/** Waits for the outcome of a delivery: a client's call. */
export interface Observer {
  /** An attempt was started. */
  attempted(attempt: Attempt): void
  acknowledged(response: GatewayResponse): void
  died(): void
  /** Nothing more will be sent in this run: the next run continues. */
  paused(): void
}

export type DeliveryLeg = Leg<Delivery>

/** A delivery under way: its state as stored, and its observers. */
export class Delivery {
  readonly id: string
  readonly sequence: number
  readonly route: string
  readonly request: StoredRequest
  readonly legs: readonly DeliveryLeg[]
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
    this.legs = stored.legs.map((leg) => new Leg<Delivery>(this, stored.lane, leg))
  }

  /** The first good answer, while an observer may need it: it may be large, and the store has it too. */
  get answer(): GatewayResponse | undefined {
    return this.#answer
  }

  get isPending(): boolean {
    return this.legs.some((leg) => leg.isPending)
  }

  get isAcknowledgedByAll(): boolean {
    return this.legs.every(({ phase }) => phase === 'recording' || phase === 'acknowledged')
  }

  get isDeadEverywhere(): boolean {
    return this.legs.every(({ phase }) => phase === 'dead' || phase === 'discarded')
  }

  get isSending(): boolean {
    return this.legs.some(({ phase }) => phase === 'sending')
  }

  get hasDied(): boolean {
    return this.legs.some(({ phase }) => phase === 'dead' || phase === 'discarded')
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
      legs: this.legs.map((leg) => leg.stored()),
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
