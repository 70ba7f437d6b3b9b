import type { Target } from '../../core/attempt.ts'
import type { BreakerState, EjectionReason, OutReason } from '../../core/target-event.ts'
import type { Clock } from '../../kit/clock.ts'
import { field } from './health-cells.ts'
import type { HealthKeeper, LastCheck } from './keeper.ts'

/** A target's health as shown to operators. Times in milliseconds since 1970. */
export interface TargetHealth {
  readonly upstream: string
  readonly target: string
  readonly isAvailable: boolean
  /** The upstream ignores ejections and checks now, because too few targets are healthy. */
  readonly isPanicking: boolean
  readonly out: readonly { readonly why: OutReason; readonly untilMs: number | undefined }[]
  /** Undefined: the target has none. */
  readonly breaker: BreakerState | undefined
  readonly lastCheck: LastCheck | undefined
  /** Since the start. */
  readonly ejections: Readonly<Record<EjectionReason, number>>
  /** Undefined: the target is not checked. */
  readonly checks: { readonly good: number; readonly bad: number } | undefined
}

type Counts = ReadonlyMap<CountName, number>

/** Counts continue across reloads: each look adds the changes in a target's memory since the previous one. */
export class HealthFigures {
  readonly #seen = new WeakMap<object, Counts>()
  readonly #total = new Map<string, number>()

  of(keepers: readonly HealthKeeper[], clock: Clock): readonly TargetHealth[] {
    const toWallMs = clock.wallNow() - clock.now()
    return keepers.flatMap((keeper) => {
      const { health, targets } = keeper
      this.look(keeper)
      return keeper.states().map((state, index): TargetHealth => {
        const target = targets[index] as Target
        return {
          upstream: target.upstream,
          target: target.name,
          isAvailable: state.isAvailable,
          isPanicking: health.isPanicking,
          out: state.out.map(({ why, untilMs }) => ({ why, untilMs: untilMs && untilMs + toWallMs })),
          breaker: state.breaker,
          lastCheck: keeper.lastCheck(index),
          ejections: this.#ejections(target),
          checks: health.options.health && {
            good: this.#count(target, 'checksGood'),
            bad: this.#count(target, 'checksBad'),
          },
        }
      })
    })
  }

  /** For a target whose health is not tracked: it gets attempts whatever their outcomes. */
  ofUnkept(target: Target): TargetHealth {
    return {
      upstream: target.upstream,
      target: target.name,
      isAvailable: true,
      isPanicking: false,
      out: [],
      breaker: undefined,
      lastCheck: undefined,
      ejections: this.#ejections(target),
      checks: undefined,
    }
  }

  /** Also call this before closing a keeper, or counts since the last look are lost. */
  look({ health: { cells }, targets }: HealthKeeper): void {
    for (const [index, target] of targets.entries()) {
      const seen = this.#seen.get(cells.memoryOf(index))
      const now = new Map<CountName, number>()
      for (const what of counted) {
        const key = keyOf(target, what)
        const count = cells.get(index, field[what])
        now.set(what, count)
        this.#total.set(key, (this.#total.get(key) ?? 0) + count - (seen?.get(what) ?? 0))
      }
      this.#seen.set(cells.memoryOf(index), now)
    }
  }

  #ejections(target: Target): TargetHealth['ejections'] {
    return {
      failures: this.#count(target, 'ejectedForFailures'),
      success_rate: this.#count(target, 'ejectedForRate'),
      retry_after: this.#count(target, 'rested'),
    }
  }

  #count(target: Target, what: CountName): number {
    return this.#total.get(keyOf(target, what)) ?? 0
  }
}

const counted = ['ejectedForFailures', 'ejectedForRate', 'rested', 'checksGood', 'checksBad'] as const

type CountName = (typeof counted)[number]

function keyOf({ upstream, name }: Target, what: CountName): string {
  return JSON.stringify([upstream, name, what])
}
