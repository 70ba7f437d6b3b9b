import type { Clock } from '../kit/clock.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import { Lookups } from '../transport/client/lookups.ts'
import type { UpstreamOptions, UpstreamsOptions } from './options.ts'
import { RetiredUpstreams } from './retired.ts'
import { isSameUpstream, Upstream, type Upstreams } from './upstream.ts'

export interface UpstreamSetOptions {
  readonly clock: Clock
  readonly make: (name: string, config: UpstreamOptions) => Upstream
  /** Frees what all of them use. */
  readonly closeShared?: () => void
}

export interface UpstreamsChange extends Change {
  /** The upstreams of the prepared configuration. */
  readonly upstreams: Upstreams
  retired(): Promise<void>
}

/** The upstreams of a thread. Unchanged ones carry over to the next configuration, with their connections. */
export class UpstreamSet implements Reloadable<UpstreamsOptions, UpstreamsChange> {
  readonly #options: UpstreamSetOptions
  readonly #retired: RetiredUpstreams
  #current: Upstreams = new Map()
  /** Replaced, and not freed yet. */
  readonly #former = new Set<Upstream>()

  constructor(options: UpstreamSetOptions) {
    this.#options = options
    this.#retired = new RetiredUpstreams(options.clock)
  }

  /** Real upstreams. `trusts`: whether an address belongs to a trusted proxy; asked for each call. */
  static of(runtime: Runtime, trusts: (address: string) => boolean): UpstreamSet {
    const { clock, random, memory, log } = runtime
    const lookups = new Lookups(runtime)
    const shared = { clock, random, trusts, log, resolve: lookups.resolve, shortages: new ShortageLog(runtime) }
    return new UpstreamSet({
      clock,
      make: (name, config) => new Upstream(name, config, { ...shared, memory: memory.scope(`upstream ${name}`) }),
      closeShared: () => lookups.close(),
    })
  }

  get current(): Upstreams {
    return this.#current
  }

  async prepare(next: UpstreamsOptions): Promise<UpstreamsChange> {
    const before = this.#current
    const upstreams = upstreamsOf(next, this.#options.make, before)
    const former = absent(before, upstreams)
    return {
      upstreams,
      commit: () => {
        this.#current = upstreams
        for (const upstream of former) this.#former.add(upstream)
      },
      rollback: () => {
        for (const { client } of absent(upstreams, before)) client.destroy()
      },
      retired: async () => {
        await Promise.all(former.map((upstream) => this.#retire(upstream)))
      },
    }
  }

  close(): void {
    this.#retired.close()
    for (const { client } of [...this.#current.values(), ...this.#former]) client.destroy()
    this.#former.clear()
    this.#options.closeShared?.()
  }

  async #retire(upstream: Upstream): Promise<void> {
    if (!this.#former.has(upstream)) return
    await this.#retired.add(upstream)
    this.#former.delete(upstream)
  }
}

/** Builds the upstreams of a configuration; those that are the same as in `before` are taken from it. */
export function upstreamsOf(
  configs: UpstreamsOptions,
  make: UpstreamSetOptions['make'],
  before: Upstreams = new Map(),
): Upstreams {
  const entries = Object.entries(configs).map(([name, config]) => {
    const known = before.get(name)
    return [name, known !== undefined && isSameUpstream(known.config, config) ? known : make(name, config)] as const
  })
  return new Map(entries)
}

function absent(some: Upstreams, others: Upstreams): readonly Upstream[] {
  return [...some].filter(([name, upstream]) => others.get(name) !== upstream).map(([, upstream]) => upstream)
}
