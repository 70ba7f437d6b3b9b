import type { Target } from '../../core/attempt.ts'
import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'

/** The whole numbers that are kept for each target, on a line of memory of their own. */
export const field = {
  /** Failed attempts in a row. */
  failures: 0,
  /** How many times it was ejected of late. */
  timesEjected: 1,
  /** 1: active checks have taken it out. */
  unhealthy: 2,
  /** See `breaker.ts`. */
  breaker: 3,
  /** Attempts of the present interval. */
  good: 4,
  bad: 5,
  /** Since the start. */
  ejectedForFailures: 6,
  ejectedForRate: 7,
  rested: 8,
  checksGood: 9,
  checksBad: 10,
  /** What the last of the failures in a row came to that had it ejected: see `last-outcome.ts`. */
  ejectedWith: 11,
} as const

/** Times on the gateway's clock. */
export const time = {
  ejectedUntil: 0,
  restsUntil: 1,
  breakerOpenUntil: 2,
  /** When the present probe began. */
  probingSince: 3,
} as const

const cellsEach = 16
const timesEach = 4

/**
 * What all threads know of the health of an upstream's targets. A time is written before the cell that gives it its
 * meaning, and the version goes up last: whoever sees the new version sees all that led to it.
 */
export class HealthCells {
  readonly targets: readonly Target[]
  /** Places (from 1) of those that are ejected, 0 in a free slot: there are as many as may be ejected at a time. */
  readonly slots: Int32Array
  readonly #version: Int32Array
  readonly #cells: Int32Array
  readonly #times: Float64Array

  constructor(targets: readonly Target[], slots: number, memory: MemoryScope = new SharedMemory()) {
    this.targets = targets
    // What is known of a place must not be taken for what is known of another target.
    const names = targets.map(({ name, origin, basePath }) => `${name} ${origin}${basePath}`).join(', ')
    this.#version = memory.cells(`health version ${names}`, cellsEach)
    this.#cells = memory.cells(`health ${names}`, targets.length * cellsEach)
    this.#times = memory.numbers(`health ${names}`, targets.length * timesEach)
    this.slots = memory.cells(`health slots ${names}`, slots)
  }

  /** The same object wherever in a thread the same memory is had. */
  get memory(): object {
    return this.#cells.buffer
  }

  get version(): number {
    return Atomics.load(this.#version, 0)
  }

  /** Something has changed that may bring a target in or out. */
  changed(): void {
    Atomics.add(this.#version, 0, 1)
  }

  get(place: number, what: number): number {
    return Atomics.load(this.#cells, place * cellsEach + what)
  }

  set(place: number, what: number, value: number): void {
    Atomics.store(this.#cells, place * cellsEach + what, value)
  }

  /** Answers the sum. */
  add(place: number, what: number, difference: number): number {
    return Atomics.add(this.#cells, place * cellsEach + what, difference) + difference
  }

  /** Answers what was there. */
  take(place: number, what: number): number {
    return Atomics.exchange(this.#cells, place * cellsEach + what, 0)
  }

  /** True for the one of all threads that changes it. */
  change(place: number, what: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#cells, place * cellsEach + what, from, to) === from
  }

  timeOf(place: number, what: number): number {
    return this.#times[place * timesEach + what] as number
  }

  setTime(place: number, what: number, atMs: number): void {
    this.#times[place * timesEach + what] = atMs
  }
}
