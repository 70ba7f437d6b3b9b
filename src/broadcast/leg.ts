import type { AttemptOutcome } from '../core/attempt.ts'
import type { LegState, StoredLeg } from '../store/delivery-store.ts'

/**
 * One delivery's way to one target.
 *
 * A leg starts as `queued`: it waits for earlier legs of its lane, and for the target's limit of concurrent attempts.
 * When its turn comes it is `sending`. A good answer makes it `recording` until the store has that on disk, and only
 * then `acknowledged`: if the next leg of the lane were sent earlier, a crash could resend this one after it. A bad
 * answer makes it `waiting` for its next attempt, at the head of its lane; or, after the last attempt, `dead`, which
 * lets the lane go on. An operator may replay a dead leg (it is `queued` again, and its attempts count from 0) and
 * discard a leg that is dead or not yet answered.
 *
 *     queued ──> sending ──> recording ──> acknowledged
 *       ^  ^       │  │
 *       │  └waiting┘  └──> dead ──> queued, discarded
 *       └─ (interrupted)
 *     queued, waiting ──> discarded, dead (its target or route is no longer configured)
 *
 * Whatever its final state, its lane goes on only once that state is on disk: otherwise a crash could resend it after a
 * later leg.
 *
 * A shutdown that cancels an attempt puts the leg back to `queued`: the attempt is not counted, and the next start
 * sends it again.
 */
export type LegPhase = 'queued' | 'sending' | 'waiting' | 'recording' | 'acknowledged' | 'dead' | 'discarded'

const transitions: Readonly<Record<LegPhase, readonly LegPhase[]>> = {
  queued: ['sending', 'discarded', 'dead'],
  sending: ['recording', 'waiting', 'dead', 'queued'],
  waiting: ['queued', 'discarded', 'dead'],
  recording: ['acknowledged'],
  acknowledged: [],
  dead: ['queued', 'discarded'],
  discarded: [],
}

export interface AttemptResult {
  readonly outcome: AttemptOutcome
  readonly status: number | undefined
  readonly detail: string | undefined
}

export class Leg {
  readonly target: string
  #phase: LegPhase
  #version = 0
  #attempts: number
  #nextAttemptAt: number | undefined
  #waitMs: number | undefined
  #last: AttemptResult | undefined

  constructor(stored: StoredLeg) {
    this.target = stored.target
    this.#phase = stored.state !== 'pending' ? stored.state : stored.nextAttemptAt === undefined ? 'queued' : 'waiting'
    this.#attempts = stored.attempts
    this.#nextAttemptAt = stored.nextAttemptAt
    this.#waitMs = stored.waitMs
    this.#last =
      stored.outcome === undefined
        ? undefined
        : { outcome: stored.outcome, status: stored.status, detail: stored.detail }
  }

  get phase(): LegPhase {
    return this.#phase
  }
  /** Changes with each transition, so that a save can tell whether its state is outdated. */
  get version(): number {
    return this.#version
  }
  /** Finished attempts. */
  get attempts(): number {
    return this.#attempts
  }
  /** Wall-clock time, set while waiting. */
  get nextAttemptAt(): number | undefined {
    return this.#nextAttemptAt
  }
  /** The planned wait; undefined in a store of an earlier version. */
  get waitMs(): number | undefined {
    return this.#waitMs
  }
  /** Whether it still has to be delivered. */
  get isPending(): boolean {
    return this.state === 'pending'
  }

  /** As the store and operators know it: a leg that is `recording` counts as `acknowledged`. */
  get state(): LegState {
    return this.#phase === 'recording' ? 'acknowledged' : storedState(this.#phase)
  }

  send(): void {
    this.#to('sending')
    this.#endWait()
  }

  answered(result: AttemptResult): void {
    this.#to('recording')
    this.#ended(result)
  }

  recorded(): void {
    this.#to('acknowledged')
  }

  failed(result: AttemptResult, wait: { readonly until: number; readonly ms: number }): void {
    this.#to('waiting')
    this.#ended(result)
    this.#nextAttemptAt = wait.until
    this.#waitMs = wait.ms
  }

  /** The attempt was not sent, for lack of a descriptor or port, and does not count. */
  postponed(result: AttemptResult, nextAttemptAt: number): void {
    this.#to('waiting')
    this.#last = result
    this.#nextAttemptAt = nextAttemptAt
  }

  died(result: AttemptResult): void {
    this.#to('dead')
    this.#ended(result)
  }

  due(): void {
    this.#to('queued')
    this.#endWait()
  }

  /** Its target or route is gone. */
  abandoned(detail: string): void {
    this.#to('dead')
    this.#endWait()
    this.#last = { outcome: 'cancelled', status: undefined, detail }
  }

  interrupted(): void {
    this.#to('queued')
  }

  replay(): void {
    this.#to('queued')
    this.#attempts = 0
    this.#endWait()
  }

  discard(): void {
    this.#to('discarded')
    this.#endWait()
  }

  stored(): StoredLeg {
    return {
      target: this.target,
      state: this.state,
      attempts: this.#attempts,
      nextAttemptAt: this.#nextAttemptAt,
      waitMs: this.#waitMs,
      outcome: this.#last?.outcome,
      status: this.#last?.status,
      detail: this.#last?.detail,
    }
  }

  #endWait(): void {
    this.#nextAttemptAt = undefined
    this.#waitMs = undefined
  }

  #ended(result: AttemptResult): void {
    this.#attempts++
    this.#last = result
  }

  /** The only method that changes the phase. */
  #to(phase: LegPhase): void {
    if (!transitions[this.#phase].includes(phase)) {
      throw new Error(`a leg to ${this.target} cannot go from ${this.#phase} to ${phase}`)
    }
    this.#phase = phase
    this.#version++
  }
}

function storedState(phase: LegPhase): LegState {
  return phase === 'acknowledged' || phase === 'dead' || phase === 'discarded' ? phase : 'pending'
}
