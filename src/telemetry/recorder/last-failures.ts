import type { Attempt, Target } from '../../core/attempt.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'

/** The reason for the most recent failed attempt at a target. */
export interface LastFailure {
  readonly upstream: string
  readonly target: string
  /** Wall clock. */
  readonly atMs: number
  readonly detail: string
}

/** Keeps the last failure of each target. A successful attempt costs one comparison. */
export class LastFailures {
  readonly #clock: Clock
  readonly #upstreams = new Map<string, Map<string, LastFailure>>()
  readonly #stops: readonly (() => void)[]

  constructor({ clock, events }: { readonly clock: Clock; readonly events: EventBus }) {
    this.#clock = clock
    this.#stops = [
      events.on('attempt.ended', ({ attempt }) => {
        if (attempt.outcome === 'success' || attempt.outcome === 'cancelled') return
        this.#keep(attempt, `It answered ${attempt.status}`)
      }),
      events.on('attempt.broken', ({ attempt }) => this.#keep(attempt, 'Its answer broke off')),
    ]
  }

  list(): readonly LastFailure[] {
    return [...this.#upstreams.values()].flatMap((targets) => Array.from(targets.values()))
  }

  /** Drops the failures of all other targets, which have left the configuration. */
  keepOnly(targets: readonly Pick<Target, 'upstream' | 'name'>[]): void {
    for (const [upstream, failures] of this.#upstreams) {
      const kept = new Set(targets.filter((target) => target.upstream === upstream).map(({ name }) => name))
      for (const target of failures.keys()) if (!kept.has(target)) failures.delete(target)
      if (failures.size === 0) this.#upstreams.delete(upstream)
    }
  }

  close(): void {
    for (const stop of this.#stops) stop()
  }

  #keep({ target: { upstream, name }, detail }: Attempt, otherwise: string): void {
    let targets = this.#upstreams.get(upstream)
    if (targets === undefined) {
      targets = new Map()
      this.#upstreams.set(upstream, targets)
    }
    const atMs = this.#clock.wallNow()
    targets.set(name, { upstream, target: name, atMs, detail: detail ?? otherwise })
  }
}
