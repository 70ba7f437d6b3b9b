import type { Target } from '../../core/attempt.ts'
import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import { memoryOfTarget } from '../balance/target-memory.ts'

/** Integers kept for each target, on a cache line of their own. */
export const field = {
  /** Consecutive failed attempts. */
  failures: 0,
  /** Recent ejections. */
  timesEjected: 1,
  /** 1: taken out by active checks. */
  unhealthy: 2,
  /** See `breaker.ts`. */
  breaker: 3,
  /** Attempts of the current interval. */
  good: 4,
  bad: 5,
  /** Since the start. */
  ejectedForFailures: 6,
  ejectedForRate: 7,
  rested: 8,
  checksGood: 9,
  checksBad: 10,
  /** Outcome of the last failure of the row that caused the ejection: see `last-outcome.ts`. */
  ejectedWith: 11,
  /** See `ejections.ts`. */
  ejection: 12,
} as const

/** Times on the gateway's clock. */
export const time = {
  ejectedUntil: 0,
  restsUntil: 1,
  breakerOpenUntil: 2,
  /** When the current probe began. */
  probingSince: 3,
} as const

const cellsEach = 16
const timesEach = 4

interface CellsOfOne {
  readonly cells: Int32Array
  readonly times: Float64Array
}

/**
 * Health of an upstream's targets, shared by all threads, with a memory for each target. A time is written before the
 * cell that gives it its meaning, and the version goes up last: a thread that sees the new version sees all that led to
 * it.
 */
export class HealthCells {
  readonly targets: readonly Target[]
  readonly #version: Int32Array
  readonly #of: readonly CellsOfOne[]

  constructor(targets: readonly Target[], memory: MemoryScope = new SharedMemory()) {
    this.targets = targets
    this.#version = memory.cells('health version', cellsEach)
    this.#of = targets.map((target) => {
      const own = memoryOfTarget(memory, target)
      return { cells: own.cells('health', cellsEach), times: own.numbers('health', timesEach) }
    })
  }

  /** The memory of one target; within a thread, always the same object for the same memory. */
  memoryOf(index: number): object {
    return this.#one(index).cells.buffer
  }

  get version(): number {
    return Atomics.load(this.#version, 0)
  }

  /** Call this after a change that may bring a target in or out. */
  changed(): void {
    Atomics.add(this.#version, 0, 1)
  }

  get(index: number, what: number): number {
    return Atomics.load(this.#one(index).cells, what)
  }

  set(index: number, what: number, value: number): void {
    Atomics.store(this.#one(index).cells, what, value)
  }

  /** Returns the sum. */
  add(index: number, what: number, difference: number): number {
    return Atomics.add(this.#one(index).cells, what, difference) + difference
  }

  /** Returns the previous value. */
  take(index: number, what: number): number {
    return Atomics.exchange(this.#one(index).cells, what, 0)
  }

  /** True for the one thread that makes the change. */
  change(index: number, what: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#one(index).cells, what, from, to) === from
  }

  timeOf(index: number, what: number): number {
    return this.#one(index).times[what] as number
  }

  setTime(index: number, what: number, atMs: number): void {
    this.#one(index).times[what] = atMs
  }

  #one(index: number): CellsOfOne {
    return this.#of[index] as CellsOfOne
  }
}
