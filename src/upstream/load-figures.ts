import type { Target } from '../core/attempt.ts'
import type { Clock } from '../kit/clock.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import { goesByLoad, loadFor } from './balance/make-balancer.ts'
import type { UpstreamsOptions } from './options.ts'
import { targetsOf } from './targets.ts'

/** What the balancers of all threads know of their targets, for operators. */
export class LoadFigures {
  readonly #clock: Clock
  readonly #memory: SharedMemory
  #ewmas: ReadonlyMap<string, () => number> = new Map()

  constructor({ clock, memory }: { readonly clock: Clock; readonly memory: SharedMemory }) {
    this.#clock = clock
    this.#memory = memory
  }

  /**
   * Before there are workers of this configuration, so that they find its memory. Answers how to show what it has, once it
   * is in force.
   */
  prepare(upstreams: UpstreamsOptions): () => void {
    const ewmas = new Map(
      Object.entries(upstreams).flatMap(([name, config]) => {
        if (!goesByLoad(config.balance)) return []
        const targets = targetsOf(name, config)
        const load = loadFor(config.balance, targets, this.#clock, this.#memory.scope(`upstream ${name}`))
        return targets.map((target, place) => [keyOf(target), () => load.ewmaMs(place)] as const)
      }),
    )
    return () => {
      this.#ewmas = ewmas
    }
  }

  /** How long its answers take, as balancers see it, to a tenth; undefined where none goes by it. */
  ewmaMs(target: Target): number | undefined {
    const ms = this.#ewmas.get(keyOf(target))?.()
    return ms === undefined ? undefined : Math.round(ms * 10) / 10
  }
}

function keyOf({ upstream, name }: Target): string {
  return `${upstream} ${name}`
}
