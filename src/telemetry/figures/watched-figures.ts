import type { Clock } from '../../kit/clock.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { DeliveryStore } from '../../store/delivery-store.ts'
import type { Counts } from '../counts/counts.ts'
import type { WorkerCounts } from '../metrics/sources.ts'
import { Figures } from './figures.ts'
import type { Gauges } from './figures-schema.ts'

/** Gauges of all threads, each asked for when it is read. */
export interface ThreadGauges {
  process(): Promise<ProcessFigures | undefined>
  connections(): Promise<{ readonly active: number }>
  waiters(limit: number): Promise<{ readonly open: number }>
}

/** Parts created after the figures, and read once a second. */
export interface GaugeSources {
  readonly servers: ThreadGauges
  readonly store: DeliveryStore | undefined
  /** Whether a route takes callbacks. */
  readonly hasWaiters: boolean
  readonly workers: () => WorkerCounts
}

/** The live figures, in the thread that shows them. */
export interface WatchedFigures {
  readonly figures: Figures
  /** Sets the parts to read, at the start and after each reload. */
  connect(parts: GaugeSources): void
  close(): void
}

export function watchFigures(clock: Clock, counts: Counts): WatchedFigures {
  const gauges = new LatestGauges()
  const figures = new Figures({ clock, counts, gauges: () => gauges.look() })
  return {
    figures,
    connect: (parts) => gauges.connect(parts),
    close: () => figures.close(),
  }
}

/** Values requested in one second are shown in the next, as they may come from another thread. */
class LatestGauges {
  #parts: GaugeSources | undefined
  #told: Gauges = {
    deliveries: undefined,
    waiters: undefined,
    process: { memoryBytes: 0, loopDelayMs: 0, clientConnections: 0 },
    workers: { running: 0, died: 0 },
  }

  connect(parts: GaugeSources): void {
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
    // Known in this thread without a request.
    const { running, exits } = this.#parts.workers()
    return { ...this.#told, workers: { running, died: exits.died } }
  }

  #ask(parts: GaugeSources): void {
    const { servers, store, hasWaiters } = parts
    // Each answer applies on arrival, so that a slow one delays no other.
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
      figures.ok ? { deliveries: { pending: figures.value.pendingLegs, dead: figures.value.deadLegs } } : {},
    )
  }

  #tell<T>(parts: GaugeSources, asked: Promise<T>, told: (answer: T) => Partial<Gauges>): void {
    void asked.then(
      (answer) => {
        // An answer to a request from before a reload may concern parts that no longer exist.
        if (this.#parts === parts) this.#told = { ...this.#told, ...told(answer) }
      },
      // On failure, keep the value of the previous second.
      () => undefined,
    )
  }
}
