import type { AttemptOutcome } from '../core/attempt.ts'
import type { Timer } from '../kit/clock.ts'
import type { LegState, StoredLeg } from '../store/delivery-store.ts'
import {
  type AttemptUnderWay,
  loadedPhase,
  type Phase,
  type PhaseName,
  type Position,
  transitions,
  type Wait,
} from './leg-phase.ts'

export interface AttemptResult {
  readonly outcome: AttemptOutcome
  readonly status: number | undefined
  readonly detail: string | undefined
}

/** One delivery's way to one target; `leg-phase.ts` tells its life. */
export class Leg<Owner> {
  readonly delivery: Owner
  /** Undefined: no order. */
  readonly lane: string | undefined
  readonly target: string
  #phase: Phase<Leg<Owner>>
  #version = 0
  #attempts: number
  #last: AttemptResult | undefined

  constructor(delivery: Owner, lane: string | undefined, stored: StoredLeg) {
    this.delivery = delivery
    this.lane = lane
    this.target = stored.target
    this.#phase = loadedPhase(stored)
    this.#attempts = stored.attempts
    this.#last =
      stored.outcome === undefined
        ? undefined
        : { outcome: stored.outcome, status: stored.status, detail: stored.detail }
  }

  get phase(): PhaseName {
    return this.#phase.name
  }
  /** Changes with each transition, so that a save can tell whether its state is outdated. */
  get version(): number {
    return this.#version
  }
  /** Finished attempts. */
  get attempts(): number {
    return this.#attempts
  }
  /** Until its next attempt; undefined if it does not wait for one. */
  get wait(): Wait | undefined {
    const phase = this.#phase
    return phase.name === 'waiting' || phase.name === 'new' ? phase.wait : undefined
  }
  /** Undefined before it has joined a queue, and once its end is on disk. */
  get position(): Position<Leg<Owner>> | undefined {
    const phase = this.#phase
    return phase.name === 'new' || phase.name === 'acknowledged' ? undefined : phase.position
  }
  get attempt(): AttemptUnderWay | undefined {
    return this.#phase.name === 'sending' ? this.#phase.attempt : undefined
  }
  /** Whether it still has to be delivered. */
  get isPending(): boolean {
    return this.state === 'pending'
  }

  /** As the store and operators know it: a leg that is `recording` counts as `acknowledged`. */
  get state(): LegState {
    const { name } = this.#phase
    if (name === 'recording') return 'acknowledged'
    return name === 'acknowledged' || name === 'dead' || name === 'discarded' ? name : 'pending'
  }

  /** Joins the queue of its target. */
  join(position: Position<Leg<Owner>>): void {
    const { wait } = this
    this.#to(wait === undefined ? { name: 'queued', position } : { name: 'waiting', position, wait, timer: undefined })
  }

  /** Takes another position, in the same phase. */
  move(position: Position<Leg<Owner>>): void {
    const phase = this.#phase
    if (phase.name === 'new' || phase.name === 'acknowledged' || phase.position === undefined) throw this.#notQueued()
    this.#phase = { ...phase, position }
  }

  /** Gives up its position: its end is on disk, or it joins another queue. */
  leave(): Position<Leg<Owner>> {
    const position = this.#queued()
    const phase = this.#phase
    if (phase.name === 'recording') this.#to({ name: 'acknowledged' })
    else if (phase.name === 'dead' || phase.name === 'discarded') this.#phase = { ...phase, position: undefined }
    else this.#to({ name: 'new', wait: undefined })
    return position
  }

  send(attempt: Omit<AttemptUnderWay, 'thenDiscard'>): void {
    this.#to({ name: 'sending', position: this.#queued(), attempt: { ...attempt, thenDiscard: false } })
  }

  /** Has the leg discarded once its attempt has ended. */
  discardAfterAttempt(): void {
    if (this.#phase.name !== 'sending') throw new Error(`a leg to ${this.target} is not sent: it is ${this.phase}`)
    this.#phase = { ...this.#phase, attempt: { ...this.#phase.attempt, thenDiscard: true } }
  }

  answered(result: AttemptResult): void {
    this.#to({ name: 'recording', position: this.#queued() })
    this.#ended(result)
  }

  failed(result: AttemptResult, wait: Wait): void {
    this.#to({ name: 'waiting', position: this.#queued(), wait, timer: undefined })
    this.#ended(result)
  }

  /** The attempt was not sent, for lack of a descriptor or port, and does not count. */
  postponed(result: AttemptResult, until: number): void {
    this.#to({ name: 'waiting', position: this.#queued(), wait: { until, ms: undefined }, timer: undefined })
    this.#last = result
  }

  died(result: AttemptResult): void {
    this.#to({ name: 'dead', position: this.#queued() })
    this.#ended(result)
  }

  /** It waits by this timer, which ends with the phase. */
  waitFor(timer: Timer): void {
    if (this.#phase.name !== 'waiting') throw new Error(`a leg to ${this.target} does not wait: it is ${this.phase}`)
    this.#phase = { ...this.#phase, timer }
  }

  /** The gateway is stopping: the next start goes on with the wait. */
  stopWaiting(): void {
    if (this.#phase.name !== 'waiting') return
    this.#phase.timer?.cancel()
    this.#phase = { ...this.#phase, timer: undefined }
  }

  due(): void {
    this.#to({ name: 'queued', position: this.#queued() })
  }

  /** Its target or route is gone. */
  abandoned(detail: string): void {
    this.#to({ name: 'dead', position: this.position })
    this.#last = { outcome: 'cancelled', status: undefined, detail }
  }

  interrupted(): void {
    this.#to({ name: 'queued', position: this.#queued() })
  }

  replay(): void {
    const { position } = this
    this.#to(position === undefined ? { name: 'new', wait: undefined } : { name: 'queued', position })
    this.#attempts = 0
  }

  discard(): void {
    this.#to({ name: 'discarded', position: this.position })
  }

  stored(): StoredLeg {
    const { wait } = this
    return {
      target: this.target,
      state: this.state,
      attempts: this.#attempts,
      nextAttemptAt: wait?.until,
      waitMs: wait?.ms,
      outcome: this.#last?.outcome,
      status: this.#last?.status,
      detail: this.#last?.detail,
    }
  }

  #queued(): Position<Leg<Owner>> {
    const { position } = this
    if (position === undefined) throw this.#notQueued()
    return position
  }

  #notQueued(): Error {
    return new Error(`a leg to ${this.target} that is ${this.phase} is in no queue`)
  }

  #ended(result: AttemptResult): void {
    this.#attempts++
    this.#last = result
  }

  /** The only method that changes to another phase. */
  #to(phase: Phase<Leg<Owner>>): void {
    if (!transitions[this.phase].includes(phase.name)) {
      throw new Error(`a leg to ${this.target} cannot go from ${this.phase} to ${phase.name}`)
    }
    if (this.#phase.name === 'waiting') this.#phase.timer?.cancel()
    this.#phase = phase
    this.#version++
  }
}
