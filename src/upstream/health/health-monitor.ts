import type { Target } from '../../core/attempt.ts'
import type { TargetEvent } from '../../core/target-event.ts'
import type { Change, Reloadable } from '../../kit/reload.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { type HttpClient, httpClient } from '../../transport/client/http-client.ts'
import { Lookups } from '../../transport/client/lookups.ts'
import type { Rotation } from '../balance/rotation.ts'
import type { UpstreamOptions, UpstreamsOptions } from '../options.ts'
import { targetsOf } from '../targets.ts'
import { connectionsOf, isSameUpstream, withSlowStart } from '../upstream.ts'
import { HealthFigures, type TargetHealth } from './health-figures.ts'
import { healthLine } from './health-log.ts'
import { HealthKeeper } from './keeper.ts'
import { type UpstreamHealth, upstreamHealth } from './upstream-health.ts'

type MonitorRuntime = Pick<Runtime, 'clock' | 'random' | 'memory' | 'log'>

export interface MonitoredUpstreams {
  readonly upstreams: UpstreamsOptions
  /** Upstreams that a route broadcasts to. */
  readonly withDeliveries: ReadonlySet<string>
}

interface Kept {
  readonly config: UpstreamOptions
  readonly keeper: HealthKeeper
  readonly client: HttpClient
}

/** Tracks the health of all targets in the main thread; the other threads read the results from shared memory. */
export class HealthMonitor implements Reloadable<MonitoredUpstreams> {
  readonly #runtime: MonitorRuntime
  readonly #figures = new HealthFigures()
  readonly #lookups: Lookups
  #kept: ReadonlyMap<string, Kept> = new Map()
  /** Upstreams that a route broadcasts to. */
  #withDeliveries: ReadonlySet<string> = new Set()
  /** Targets of upstreams for which no health option can take effect. */
  #unkept: readonly Target[] = []

  constructor(runtime: MonitorRuntime) {
    this.#runtime = runtime
    this.#lookups = new Lookups(runtime)
  }

  /** Allocates the memory, so that all threads find the same. Unchanged upstreams continue after the commit. */
  async prepare(next: MonitoredUpstreams): Promise<Change> {
    for (const [name, upstream] of Object.entries(next.upstreams)) {
      const health = this.#healthOf(name, upstream)
      if (health !== undefined) this.#rotationOf(health, name, upstream)
    }
    return { commit: () => this.#switchTo(next), rollback: () => {} }
  }

  /** Health of each target. */
  figures(): readonly TargetHealth[] {
    const keepers = [...this.#kept.values()].map(({ keeper }) => keeper)
    return [
      ...this.#figures.of(keepers, this.#runtime.clock),
      ...this.#unkept.map((target) => this.#figures.ofUnkept(target)),
    ]
  }

  close(): void {
    for (const one of this.#kept.values()) this.#end(one)
    this.#kept = new Map()
    this.#lookups.close()
  }

  #switchTo({ upstreams, withDeliveries }: MonitoredUpstreams): void {
    const before = this.#kept
    this.#withDeliveries = withDeliveries
    const kept = new Map<string, Kept>()
    const unkept: Target[] = []
    for (const [name, upstream] of Object.entries(upstreams)) {
      const known = before.get(name)
      const one = known !== undefined && isSameUpstream(known.config, upstream) ? known : this.#keep(name, upstream)
      if (one === undefined) unkept.push(...targetsOf(name, upstream))
      else kept.set(name, one)
    }
    this.#kept = kept
    this.#unkept = unkept
    for (const [name, one] of before) if (kept.get(name) !== one) this.#end(one)
  }

  #keep(name: string, config: UpstreamOptions): Kept | undefined {
    const { clock, random, log } = this.#runtime
    const health = this.#healthOf(name, config)
    if (health === undefined) return undefined
    const client = httpClient({ clock, connections: { ...connectionsOf(config), resolve: this.#lookups.resolve } })
    const tell = (event: TargetEvent): void => log(...healthLine(event, this.#withDeliveries.has(name)))
    const rotation = this.#rotationOf(health, name, config)
    const look = (): void => void rotation.version
    return { config, client, keeper: new HealthKeeper(health, { clock, random, send: client.send, tell, look }) }
  }

  #healthOf(name: string, config: UpstreamOptions): UpstreamHealth | undefined {
    const { clock, memory } = this.#runtime
    return upstreamHealth(targetsOf(name, config), config, clock, memory.scope(`upstream ${name}`))
  }

  #rotationOf(health: UpstreamHealth, name: string, config: UpstreamOptions): Rotation {
    const { clock, memory } = this.#runtime
    return withSlowStart(health, config, clock, memory.scope(`upstream ${name}`))
  }

  #end({ keeper, client }: Kept): void {
    this.#figures.look(keeper)
    keeper.close()
    client.destroy()
  }
}
