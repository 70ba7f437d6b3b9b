import type { Target } from '../core/attempt.ts'
import type { Clock } from '../kit/clock.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import { balancerLoad } from './balance/make-balancer.ts'
import type { UpstreamsOptions } from './options.ts'
import { targetsOf } from './targets.ts'

/** Load of the targets as the balancers of all threads see it, for operators. */
export class LoadFigures implements Reloadable<UpstreamsOptions> {
  readonly #clock: Clock
  readonly #memory: SharedMemory
  #ewmas: ReadonlyMap<string, () => number> = new Map()

  constructor({ clock, memory }: { readonly clock: Clock; readonly memory: SharedMemory }) {
    this.#clock = clock
    this.#memory = memory
  }

  /** Call this before the workers of the configuration start, so that they find its memory. */
  async prepare(upstreams: UpstreamsOptions): Promise<Change> {
    const ewmas = new Map(
      Object.entries(upstreams).flatMap(([name, config]) => {
        const targets = targetsOf(name, config)
        const load = balancerLoad(config.balance, targets, this.#clock, this.#memory.scope(`upstream ${name}`))
        if (load === undefined) return []
        return targets.map((target, index) => [keyOf(target), () => load.ewmaMs(index)] as const)
      }),
    )
    return {
      commit: () => {
        this.#ewmas = ewmas
      },
      rollback: () => {},
    }
  }

  /** Latency as balancers see it, to a tenth; undefined when no balancer tracks it. */
  ewmaMs(target: Target): number | undefined {
    const ms = this.#ewmas.get(keyOf(target))?.()
    return ms === undefined ? undefined : Math.round(ms * 10) / 10
  }
}

function keyOf({ upstream, name }: Target): string {
  return `${upstream} ${name}`
}
