import type { Clock } from '../kit/clock.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { UpstreamOptions, UpstreamsOptions } from './options.ts'
import { RetiredUpstreams } from './retired.ts'
import { isSameUpstream, type Upstream, type Upstreams } from './upstream.ts'

export interface UpstreamSetOptions {
  readonly clock: Clock
  readonly make: (name: string, config: UpstreamOptions) => Upstream
}

export interface UpstreamsChange extends Change {
  /** The upstreams of the prepared configuration. */
  readonly upstreams: Upstreams
  retired(): Promise<void>
}

/** The upstreams of a thread. Unchanged ones carry over to the next configuration, with their connections. */
export class UpstreamSet implements Reloadable<UpstreamsOptions, UpstreamsChange> {
  readonly #make: UpstreamSetOptions['make']
  readonly #retired: RetiredUpstreams
  #current: Upstreams = new Map()
  /** Replaced, and not freed yet. */
  readonly #former = new Set<Upstream>()

  constructor({ clock, make }: UpstreamSetOptions) {
    this.#make = make
    this.#retired = new RetiredUpstreams(clock)
  }

  get current(): Upstreams {
    return this.#current
  }

  async prepare(next: UpstreamsOptions): Promise<UpstreamsChange> {
    const before = this.#current
    const upstreams = upstreamsOf(next, this.#make, before)
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
