import type { Clock } from '../../kit/clock.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import { type GradientRules, type GradientState, nextState } from './gradient.ts'

/** A limit on calls in flight, which may change over time. */
export interface Limit {
  value(): number
  /** A call begins; `inFlight` includes it. */
  began(inFlight: number): void
  /** A call was not admitted at once. */
  saturated(): void
  /** A call has ended. `isOverload`: it failed because its target is overloaded. */
  ended(tookMs: number, isOverload: boolean): void
}

export function fixedLimit(limit: number): Limit {
  return { value: () => limit, began: () => {}, saturated: () => {}, ended: () => {} }
}

/** Envoy's adaptive concurrency filter also updates every 100 ms (`concurrency_update_interval`). */
const windowMs = 100
/** Netflix's `WindowedLimit` requires the same number. */
const minSamples = 10
/** Call times in 32 bits: 35 minutes in total per window. */
const unitsPerMs = 1000
const mostUnits = 2 ** 31 - 1
/** A longer call counts as this much (214 s), so that a full window always has room for `minSamples`. */
const mostUnitsEach = Math.floor(mostUnits / minSamples)
const limitScale = 1000

const cell = { limit: 0, isStarted: 1, windowEndsAt: 2, samples: 3, sumUnits: 4, failed: 5, isUsed: 6, isSaturated: 7 }
const usual = { ms: 0, windows: 1 }

/**
 * A limit that adapts to the calls of all workers. They add to the same window. The worker whose call ends after the
 * end of the window, with enough samples, moves that end by compare-and-exchange: one worker succeeds and computes the
 * next limit.
 */
export class AdaptiveLimit implements Limit {
  readonly #cells: Int32Array
  readonly #usual: Float64Array
  readonly #rules: GradientRules
  readonly #clock: Clock

  constructor(rules: GradientRules & { readonly start: number }, memory: MemoryScope, clock: Clock) {
    this.#rules = rules
    this.#clock = clock
    this.#cells = memory.cells(`adaptive ${rules.min} ${rules.max}`, Object.keys(cell).length)
    this.#usual = memory.numbers(`adaptive ${rules.min} ${rules.max}`, Object.keys(usual).length)
    const begins = Math.min(rules.max, Math.max(rules.min, rules.start))
    Atomics.compareExchange(this.#cells, cell.limit, 0, begins * limitScale)
    if (Atomics.compareExchange(this.#cells, cell.isStarted, 0, 1) === 0) {
      Atomics.store(this.#cells, cell.windowEndsAt, (clock.now() + windowMs) | 0)
    }
  }

  value(): number {
    return Math.floor(Atomics.load(this.#cells, cell.limit) / limitScale)
  }

  began(inFlight: number): void {
    if (inFlight * 2 >= this.value()) Atomics.store(this.#cells, cell.isUsed, 1)
  }

  saturated(): void {
    Atomics.store(this.#cells, cell.isSaturated, 1)
  }

  ended(tookMs: number, isOverload: boolean): void {
    const cells = this.#cells
    if (isOverload) Atomics.add(cells, cell.failed, 1)
    else if (this.#addUp(Math.min(mostUnitsEach, Math.round(tookMs * unitsPerMs)))) Atomics.add(cells, cell.samples, 1)
    if (Atomics.load(cells, cell.samples) + Atomics.load(cells, cell.failed) >= minSamples) this.#turn()
  }

  /** False: the sum is full. The window has enough samples by then; its mean is that of the first calls. */
  #addUp(units: number): boolean {
    const cells = this.#cells
    for (;;) {
      const sum = Atomics.load(cells, cell.sumUnits)
      if (sum > mostUnits - units) return false
      if (Atomics.compareExchange(cells, cell.sumUnits, sum, sum + units) === sum) return true
    }
  }

  #turn(): void {
    const cells = this.#cells
    const now = this.#clock.now() | 0
    const end = Atomics.load(cells, cell.windowEndsAt)
    // The clock wraps around in 32 bits after 49 days; differences stay correct. After half of that without calls, the
    // end of the window seems to lie ahead, but farther than any window reaches.
    const leftMs = (end - now) | 0
    if (leftMs > 0 && leftMs <= windowMs) return
    if (Atomics.compareExchange(cells, cell.windowEndsAt, end, (now + windowMs) | 0) !== end) return
    const take = (at: number): number => Atomics.exchange(cells, at, 0)
    const [samples, sum, failed] = [take(cell.samples), take(cell.sumUnits), take(cell.failed)]
    const window = {
      meanMs: samples === 0 ? undefined : sum / samples / unitsPerMs,
      isUsed: take(cell.isUsed) === 1,
      isSaturated: take(cell.isSaturated) === 1,
      failedShare: failed / Math.max(1, samples + failed),
    }
    const state = nextState(this.#state(), window, this.#rules)
    this.#usual[usual.ms] = state.usualMs
    this.#usual[usual.windows] = state.windows
    Atomics.store(cells, cell.limit, Math.round(state.limit * limitScale))
  }

  #state(): GradientState {
    return {
      limit: Atomics.load(this.#cells, cell.limit) / limitScale,
      usualMs: this.#usual[usual.ms] ?? 0,
      windows: this.#usual[usual.windows] ?? 0,
    }
  }
}
