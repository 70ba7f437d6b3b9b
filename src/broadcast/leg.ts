import type { AttemptOutcome } from '../core/attempt.ts'
import type { LegState, StoredLeg } from '../store/delivery-store.ts'

/**
 * One delivery's way to one target.
 *
 * It begins `queued` for its turn: behind earlier legs of its lane, and behind the target's limit of attempts at a time.
 * When its turn comes it is `sending`. A good answer makes it `recording` until the store has that on disk, and only
 * then `acknowledged`: were the next leg of the lane sent before, a crash could have this one sent again behind it. A bad
 * answer makes it `waiting` for its next attempt, keeping its place at the head of its lane; or, if that was the last
 * one, `dead`, which lets the lane go on. An operator may replay what is dead (it is `queued` again, its attempts counted
 * anew) and discard what is dead or has not been answered.
 *
 *     queued ──> sending ──> recording ──> acknowledged
 *       ^  ^       │  │
 *       │  └waiting┘  └──> dead ──> queued, discarded
 *       └─ (interrupted)
 *     queued, waiting ──> discarded, dead (its target or route is no longer configured)
 *
 * Whatever it comes to, its lane goes on once that is on disk, never before: a crash could otherwise have it sent again
 * behind a later one.
 *
 * A shutdown that cuts an attempt off puts it back to `queued`: it is not counted, and the next start sends it again.
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
  /** Another one after each change: what was saved under an earlier one is not what it is now. */
  get version(): number {
    return this.#version
  }
  /** Attempts that have ended. */
  get attempts(): number {
    return this.#attempts
  }
  /** On the wall clock, while it waits. */
  get nextAttemptAt(): number | undefined {
    return this.#nextAttemptAt
  }
  /** How long that wait was meant to be; undefined in a store of an earlier version. */
  get waitMs(): number | undefined {
    return this.#waitMs
  }
  /** Whether it still has to be delivered. */
  get isPending(): boolean {
    return this.state === 'pending'
  }

  /** As the store and operators know it: what is being recorded is what it is about to be. */
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

  /** It was not sent, for want of a descriptor or port: that takes none of its attempts. */
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

  /** There is nobody left to send it to. */
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

  /** The one place where the phase changes. */
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
