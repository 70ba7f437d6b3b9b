import type { AttemptOutcome } from '../core/attempt.ts'
import type { Call } from '../core/call.ts'
import type { Timer } from '../kit/clock.ts'
import type { LegState, StoredLeg } from '../store/delivery-store.ts'
import type { TargetQueue } from './target-queue.ts'

/**
 * One delivery's way to one target.
 *
 * A leg is `new` until it joins the queue of its target. Then it is `queued`: it waits for earlier legs of its lane, and
 * for the target's limit of concurrent attempts. When its turn comes it is `sending`. A good answer makes it `recording`
 * until the store has that on disk, and only then `acknowledged`: if the next leg of the lane were sent earlier, a crash
 * could resend this one after it. A bad answer makes it `waiting` for its next attempt, at the head of its lane; or,
 * after the last attempt, `dead`, which lets the lane go on. An operator may replay a dead leg (its attempts count from
 * 0) and discard a leg that is dead or not yet answered.
 *
 *     new ────> queued ──> sending ──> recording ──> acknowledged
 *      │         ^  ^       │  │
 *      │         │  └waiting┘  └──> dead ──> queued, new, discarded
 *      │         └─ (interrupted)
 *      └──────> waiting (an earlier run has tried it)
 *     new, queued, waiting ──> discarded, dead (its target or route is no longer configured)
 *     queued ──> new (to join another queue)
 *
 * Whatever its final state, its lane goes on only once that state is on disk: otherwise a crash could resend it after a
 * later leg. So a leg that is dead or discarded keeps its position in its queue until then; a replay before that takes
 * up the same position, a later one joins again.
 *
 * A shutdown that cancels an attempt puts the leg back to `queued`: the attempt is not counted, and the next start
 * sends it again.
 *
 * Each phase has what belongs to it and nothing else: only a leg that is sent has an attempt, only a waiting leg a timer.
 */
type Phase<Owner> =
  | { readonly name: 'new'; readonly wait: Wait | undefined }
  | { readonly name: 'queued' | 'recording'; readonly position: Position<Owner> }
  | { readonly name: 'sending'; readonly position: Position<Owner>; readonly attempt: AttemptUnderWay }
  | {
      readonly name: 'waiting'
      readonly position: Position<Owner>
      readonly wait: Wait
      /** Undefined before it starts, and after a shutdown has stopped it. */
      readonly timer: Timer | undefined
    }
  /** The position is undefined once this is on disk. */
  | { readonly name: 'dead' | 'discarded'; readonly position: Position<Owner> | undefined }
  | { readonly name: 'acknowledged' }

export type PhaseName = Phase<unknown>['name']

const transitions: Readonly<Record<PhaseName, readonly PhaseName[]>> = {
  new: ['queued', 'waiting', 'discarded', 'dead'],
  queued: ['sending', 'discarded', 'dead', 'new'],
  sending: ['recording', 'waiting', 'dead', 'queued'],
  waiting: ['queued', 'discarded', 'dead'],
  recording: ['acknowledged'],
  acknowledged: [],
  dead: ['queued', 'new', 'discarded'],
  discarded: [],
}

/** Where a leg stands at its target. */
export interface Position<Owner> {
  readonly queue: TargetQueue<Leg<Owner>>
  /** Lower for a leg that joined a queue earlier. */
  readonly turn: number
}

export interface AttemptUnderWay {
  readonly call: Call
  readonly ended: Promise<void>
  /** An operator discards the leg as soon as this attempt has ended. */
  readonly thenDiscard: boolean
}

export interface Wait {
  /** Wall-clock time. */
  readonly until: number
  /** As planned; undefined in a store of an earlier version, and if the attempt could not be sent. */
  readonly ms: number | undefined
}

export interface AttemptResult {
  readonly outcome: AttemptOutcome
  readonly status: number | undefined
  readonly detail: string | undefined
}

export class Leg<Owner> {
  readonly delivery: Owner
  /** Undefined: no order. */
  readonly lane: string | undefined
  readonly target: string
  #phase: Phase<Owner>
  #version = 0
  #attempts: number
  #last: AttemptResult | undefined

  constructor(delivery: Owner, lane: string | undefined, stored: StoredLeg) {
    this.delivery = delivery
    this.lane = lane
    this.target = stored.target
    this.#phase = loaded(stored)
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
  get position(): Position<Owner> | undefined {
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
  join(position: Position<Owner>): void {
    const { wait } = this
    this.#to(wait === undefined ? { name: 'queued', position } : { name: 'waiting', position, wait, timer: undefined })
  }

  /** Takes another position, in the same phase. */
  move(position: Position<Owner>): void {
    const phase = this.#phase
    if (phase.name === 'new' || phase.name === 'acknowledged' || phase.position === undefined) throw this.#notQueued()
    this.#phase = { ...phase, position }
  }

  /** Gives up its position: its end is on disk, or it joins another queue. */
  leave(): Position<Owner> {
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

  #queued(): Position<Owner> {
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
  #to(phase: Phase<Owner>): void {
    if (!transitions[this.phase].includes(phase.name)) {
      throw new Error(`a leg to ${this.target} cannot go from ${this.phase} to ${phase.name}`)
    }
    if (this.#phase.name === 'waiting') this.#phase.timer?.cancel()
    this.#phase = phase
    this.#version++
  }
}

function loaded<Owner>({ state, nextAttemptAt, waitMs }: StoredLeg): Phase<Owner> {
  if (state === 'acknowledged') return { name: 'acknowledged' }
  if (state !== 'pending') return { name: state, position: undefined }
  return { name: 'new', wait: nextAttemptAt === undefined ? undefined : { until: nextAttemptAt, ms: waitMs } }
}
