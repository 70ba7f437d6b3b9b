import type { Target } from '../core/attempt.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { balancerLoad } from './balance/make-balancer.ts'
import type { UpstreamsOptions } from './options.ts'
import { targetsOf } from './targets.ts'

/** Load of the targets as the balancers of all threads see it, for operators. */
export class LoadFigures implements Reloadable<UpstreamsOptions> {
  readonly #runtime: Pick<Runtime, 'clock' | 'memory'>
  #ewmas: ReadonlyMap<string, () => number> = new Map()

  constructor(runtime: Pick<Runtime, 'clock' | 'memory'>) {
    this.#runtime = runtime
  }

  /** Call this before the workers of the configuration start, so that they find its memory. */
  async prepare(upstreams: UpstreamsOptions): Promise<Change> {
    const { clock, memory } = this.#runtime
    const ewmas = new Map(
      Object.entries(upstreams).flatMap(([name, config]) => {
        const targets = targetsOf(name, config)
        const load = balancerLoad(config.balance, targets, clock, memory.scope(`upstream ${name}`))
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
