import type { Call } from '../core/call.ts'
import type { Timer } from '../kit/clock.ts'
import type { StoredLeg } from '../store/delivery-store.ts'
import type { Queued, TargetQueue } from './target-queue.ts'

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
export type Phase<Item extends Queued> =
  | { readonly name: 'new'; readonly wait: Wait | undefined }
  | { readonly name: 'queued' | 'recording'; readonly position: Position<Item> }
  | { readonly name: 'sending'; readonly position: Position<Item>; readonly attempt: AttemptUnderWay }
  | {
      readonly name: 'waiting'
      readonly position: Position<Item>
      readonly wait: Wait
      /** Undefined before it starts, and after a shutdown has stopped it. */
      readonly timer: Timer | undefined
    }
  /** The position is undefined once this is on disk. */
  | { readonly name: 'dead' | 'discarded'; readonly position: Position<Item> | undefined }
  | { readonly name: 'acknowledged' }

export type PhaseName = Phase<Queued>['name']

/** The phases that may follow each phase. */
export const transitions: Readonly<Record<PhaseName, readonly PhaseName[]>> = {
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
export interface Position<Item extends Queued> {
  readonly queue: TargetQueue<Item>
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

/** As an earlier run, or the acceptance of its delivery, left it. */
export function loadedPhase<Item extends Queued>({ state, nextAttemptAt, waitMs }: StoredLeg): Phase<Item> {
  if (state === 'acknowledged') return { name: 'acknowledged' }
  if (state !== 'pending') return { name: state, position: undefined }
  return { name: 'new', wait: nextAttemptAt === undefined ? undefined : { until: nextAttemptAt, ms: waitMs } }
}
