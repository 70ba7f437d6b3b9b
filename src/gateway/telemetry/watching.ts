import type { Inspector } from '../../admin/inspector.ts'
import type { Clock } from '../../kit/clock.ts'
import type { DeliveryStore } from '../../store/delivery-store.ts'
import type { Counts } from '../../telemetry/counts/counts.ts'
import { Figures, type Gauges } from '../../telemetry/figures/figures.ts'
import type { WorkerCounts } from '../../telemetry/metrics/sources.ts'

/** What comes into being later than the figures, and is looked at once a second. */
export interface WatchedParts {
  /** All threads. */
  readonly servers: Inspector
  readonly store: DeliveryStore | undefined
  /** Whether a route takes callbacks. */
  readonly hasWaiters: boolean
  readonly workers: () => WorkerCounts
}

/** The live figures, in the thread that shows them. */
export interface Watching {
  readonly figures: Figures
  /** What there is to look at, at the start and after a change of the configuration. */
  connect(parts: WatchedParts): void
  close(): void
}

export function startWatching(clock: Clock, counts: Counts): Watching {
  const gauges = new LatestGauges()
  const figures = new Figures({ clock, counts, gauges: () => gauges.look() })
  return {
    figures,
    connect: (parts) => gauges.connect(parts),
    close: () => figures.close(),
  }
}

/** What is asked for in one second is told in the next: whoever is asked may be another thread. */
class LatestGauges {
  #parts: WatchedParts | undefined
  #told: Gauges = {
    deliveries: undefined,
    waiters: undefined,
    process: { memoryBytes: 0, loopDelayMs: 0, clientConnections: 0 },
    workers: { running: 0, died: 0 },
  }

  connect(parts: WatchedParts): void {
    this.#parts = parts
    const { store, hasWaiters } = parts
    this.#told = {
      ...this.#told,
      deliveries: store && (this.#told.deliveries ?? { pending: 0, dead: 0 }),
      waiters: hasWaiters ? (this.#told.waiters ?? 0) : undefined,
    }
    this.#ask(parts)
  }

  look(): Gauges {
    if (this.#parts === undefined) return this.#told
    this.#ask(this.#parts)
    // Known in this thread: it need not be asked for.
    const { running, exits } = this.#parts.workers()
    return { ...this.#told, workers: { running, died: exits.died } }
  }

  #ask(parts: WatchedParts): void {
    const { servers, store, hasWaiters } = parts
    // Each as it comes: one that takes its time holds up no other.
    this.#tell(parts, servers.process(), (process) => ({
      process: {
        ...this.#told.process,
        memoryBytes: process?.memory.residentBytes ?? 0,
        loopDelayMs: Math.round((process?.loop.delayMs.p99 ?? 0) * 1000) / 1000,
      },
    }))
    this.#tell(parts, servers.connections(), ({ active: clientConnections }) => ({
      process: { ...this.#told.process, clientConnections },
    }))
    if (hasWaiters) this.#tell(parts, servers.waiters(0), ({ open: waiters }) => ({ waiters }))
    if (store === undefined) return
    this.#tell(parts, store.figures(), (figures) =>
      'code' in figures ? {} : { deliveries: { pending: figures.pendingLegs, dead: figures.deadLegs } },
    )
  }

  #tell<T>(parts: WatchedParts, asked: Promise<T>, told: (answer: T) => Partial<Gauges>): void {
    void asked.then(
      (answer) => {
        // What was asked for before a change may be of parts that are no more.
        if (this.#parts === parts) this.#told = { ...this.#told, ...told(answer) }
      },
      // Then it is as it was a second ago.
      () => undefined,
    )
  }
}
