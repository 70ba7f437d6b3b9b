import type { Clock } from '../../kit/clock.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import { type GradientRules, type GradientState, nextState } from './gradient.ts'

/** A limit on calls in flight, as it is at the moment. */
export interface Limit {
  value(): number
  /** So many are in flight as a call begins. */
  began(inFlight: number): void
  /** A call could not be let in at once. */
  saturated(): void
  /** What became of a call; `isOverload`: it failed as its target has too much to do. */
  ended(tookMs: number, isOverload: boolean): void
}

export function fixedLimit(limit: number): Limit {
  return { value: () => limit, began: () => {}, saturated: () => {}, ended: () => {} }
}

/** Envoy's adaptive concurrency filter too updates every 100 ms (`concurrency_update_interval`). */
const windowMs = 100
/** Netflix's `WindowedLimit` waits for as many. */
const minSamples = 10
/** Times of calls in 32 bits: 35 minutes of them in one window. */
const unitsPerMs = 1000
const mostUnits = 2 ** 31 - 1
/** A call that takes longer counts for so much (214 s), so that there is room for as many as make up a window. */
const mostUnitsEach = Math.floor(mostUnits / minSamples)
const limitScale = 1000

const place = { limit: 0, isStarted: 1, windowEndsAt: 2, samples: 3, sumUnits: 4, failed: 5, isUsed: 6, isSaturated: 7 }
const usual = { ms: 0, windows: 1 }

/**
 * The limit that follows the calls of all workers. They add to the same window; whoever ends a call when the window is
 * over, with samples enough, moves its end by compare-and-exchange: one of them does, and makes the next limit.
 */
export class AdaptiveLimit implements Limit {
  readonly #cells: Int32Array
  readonly #usual: Float64Array
  readonly #rules: GradientRules
  readonly #clock: Clock

  constructor(rules: GradientRules & { readonly start: number }, memory: MemoryScope, clock: Clock) {
    this.#rules = rules
    this.#clock = clock
    this.#cells = memory.cells(`adaptive ${rules.min} ${rules.max}`, Object.keys(place).length)
    this.#usual = memory.numbers(`adaptive ${rules.min} ${rules.max}`, Object.keys(usual).length)
    const begins = Math.min(rules.max, Math.max(rules.min, rules.start))
    Atomics.compareExchange(this.#cells, place.limit, 0, begins * limitScale)
    if (Atomics.compareExchange(this.#cells, place.isStarted, 0, 1) === 0) {
      Atomics.store(this.#cells, place.windowEndsAt, (clock.now() + windowMs) | 0)
    }
  }

  value(): number {
    return Math.floor(Atomics.load(this.#cells, place.limit) / limitScale)
  }

  began(inFlight: number): void {
    if (inFlight * 2 >= this.value()) Atomics.store(this.#cells, place.isUsed, 1)
  }

  saturated(): void {
    Atomics.store(this.#cells, place.isSaturated, 1)
  }

  ended(tookMs: number, isOverload: boolean): void {
    const cells = this.#cells
    if (isOverload) Atomics.add(cells, place.failed, 1)
    else if (this.#addUp(Math.min(mostUnitsEach, Math.round(tookMs * unitsPerMs)))) Atomics.add(cells, place.samples, 1)
    if (Atomics.load(cells, place.samples) + Atomics.load(cells, place.failed) >= minSamples) this.#turn()
  }

  /** False: there is no room for more. What the window has by then is sample enough: the mean is that of the first. */
  #addUp(units: number): boolean {
    const cells = this.#cells
    for (;;) {
      const sum = Atomics.load(cells, place.sumUnits)
      if (sum > mostUnits - units) return false
      if (Atomics.compareExchange(cells, place.sumUnits, sum, sum + units) === sum) return true
    }
  }

  #turn(): void {
    const cells = this.#cells
    const now = this.#clock.now() | 0
    const end = Atomics.load(cells, place.windowEndsAt)
    // The clock wraps around in 32 bits after 49 days: differences stay right. One that was left alone for half of that
    // looks as if it were far ahead, where none is.
    const leftMs = (end - now) | 0
    if (leftMs > 0 && leftMs <= windowMs) return
    if (Atomics.compareExchange(cells, place.windowEndsAt, end, (now + windowMs) | 0) !== end) return
    const take = (at: number): number => Atomics.exchange(cells, at, 0)
    const [samples, sum, failed] = [take(place.samples), take(place.sumUnits), take(place.failed)]
    const window = {
      meanMs: samples === 0 ? undefined : sum / samples / unitsPerMs,
      isUsed: take(place.isUsed) === 1,
      isSaturated: take(place.isSaturated) === 1,
      failedShare: failed / Math.max(1, samples + failed),
    }
    const state = nextState(this.#state(), window, this.#rules)
    this.#usual[usual.ms] = state.usualMs
    this.#usual[usual.windows] = state.windows
    Atomics.store(cells, place.limit, Math.round(state.limit * limitScale))
  }

  #state(): GradientState {
    return {
      limit: Atomics.load(this.#cells, place.limit) / limitScale,
      usualMs: this.#usual[usual.ms] ?? 0,
      windows: this.#usual[usual.windows] ?? 0,
    }
  }
}
