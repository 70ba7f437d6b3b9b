import { type Levels, type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import type { HedgeAfter } from './options.ts'

/** How long to wait for the first attempt; learns from how earlier first attempts ended. */
export interface HedgeDelay {
  delayMs(): number
  /** Whether outcomes must be reported; a fixed delay has nothing to learn. */
  readonly learns: boolean
  /** A call begins that may be hedged. Report one of the three outcomes below, once, with the step returned here. */
  begin(): number
  /** The attempt was still running when the delay was over, whether or not a hedge went out then. */
  late(step: number): void
  /** The attempt succeeded before the delay was over. */
  inTime(step: number, latencyMs: number): void
  /** The attempt failed, or its call ended, before the delay was over: whether it would have been late is unknown. */
  neither(): void
}

export function hedgeDelay(after: HedgeAfter, memory: MemoryScope = new SharedMemory()): HedgeDelay {
  return typeof after === 'number' ? new FixedDelay(after) : new SteeredDelay(after, memory)
}

class FixedDelay implements HedgeDelay {
  readonly learns = false
  readonly #delayMs: number

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  delayMs(): number {
    return this.#delayMs
  }
  begin(): number {
    return 0
  }
  late(): void {}
  inTime(): void {}
  neither(): void {}
}

/**
 * How far the logarithm of the delay moves if all calls are late. We chose 0.1: with lognormal latencies (sigma 0.5 to
 * 1.5) and 300 calls/s the delay varies by 6 to 14 % around its quantile, and follows a doubled level within 5 s.
 */
const gain = 0.1
/**
 * With this many first attempts in flight the steps are half as long. A change shows only in calls that begin after it,
 * so with thousands in flight full steps overshoot: at 3,000 calls/s of 400 ms (sigma 0.3) `p95` hedged 7.1 % with 50
 * here, 5.0 % with 20.
 */
const halvedAt = 20
/**
 * The number in flight is averaged over this many calls. Calls of a burst are late more often; if they weighed less
 * because many are in flight, `p95` would hedge 11 % of calls that arrive in bursts.
 */
const averagedOver = 1024
/** Fewer answers are too few to correct a first delay that was far too long. */
const firstAnswers = 20
/** Replaces the number of answers once the delay is steered. */
const steered = 2 ** 30
/** The delay is kept as a logarithm, in integers that `Atomics.add` can change; 0 means none yet. */
const unit = 2 ** 26
const shortestMs = 0.01

const cell = { logarithm: 0, answers: 1, longestUs: 2, averageOpen: 3 } as const

/**
 * A delay by quantile is steered, not measured: each late first attempt lengthens it by `quantile` steps, and each one
 * in time shortens it by `1 - quantile` steps, so it is stable when exactly that share is in time (Robbins and Monro,
 * "A Stochastic Approximation Method", 1951). Whether an attempt was late is always known. How long it would have taken
 * is not, because losers are cancelled: by the quantile of the winners, `p95` hedged 11.5 % of calls (lognormal, sigma
 * 1). A Kaplan-Meier estimate over the last 512 attempts, including cancelled ones, gives 5.1 %, but 41.6 % where `p50`
 * should give 50 % (two modes), varies half as much again at `p99`, and is wrong if latency depends on the request.
 *
 * All workers steer the same delay, and no step needs a lock.
 */
class SteeredDelay implements HedgeDelay {
  readonly learns = true
  readonly #quantile: number
  readonly #minMs: number
  readonly #maxMs: number
  readonly #lowest: number
  readonly #highest: number
  readonly #cells: Int32Array
  /** First attempts that are neither over nor late. */
  readonly #open: Levels

  constructor({ quantile, min, max, start }: Exclude<HedgeAfter, number>, memory: MemoryScope) {
    this.#quantile = quantile
    this.#minMs = min
    this.#maxMs = max
    this.#lowest = logarithm(min)
    this.#highest = logarithm(max)
    this.#cells = memory.cells('hedge delay', Object.keys(cell).length)
    this.#open = memory.levels('hedge delay', 1)
    const learned = Atomics.load(this.#cells, cell.logarithm)
    // A reload may have brought other bounds: from outside them, many steps would be needed to return.
    const within = Math.min(this.#highest, Math.max(this.#lowest, learned === 0 ? logarithm(start) : learned))
    Atomics.compareExchange(this.#cells, cell.logarithm, learned, within)
  }

  delayMs(): number {
    const delayMs = shortestMs * Math.exp(Atomics.load(this.#cells, cell.logarithm) / unit)
    return Math.min(this.#maxMs, Math.max(this.#minMs, delayMs))
  }

  /** The step is fixed before the outcome: a step that depended on the latency would shift the balance. */
  begin(): number {
    const cells = this.#cells
    const average = Atomics.load(cells, cell.averageOpen)
    // Kept in units of 1 / `averagedOver`. If two workers write at once, one update may be lost.
    Atomics.store(cells, cell.averageOpen, average + this.#open.sum(0) - Math.round(average / averagedOver))
    this.#open.add(0, 1)
    return (gain * unit) / (1 + average / averagedOver / halvedAt)
  }

  late(step: number): void {
    this.#open.add(0, -1)
    Atomics.store(this.#cells, cell.answers, steered)
    // A delay at its bound must not move past it, or it would take as many steps back.
    if (Atomics.load(this.#cells, cell.logarithm) >= this.#highest) return
    Atomics.add(this.#cells, cell.logarithm, Math.round(step * this.#quantile))
  }

  inTime(step: number, latencyMs: number): void {
    this.#open.add(0, -1)
    if (Atomics.load(this.#cells, cell.answers) < steered) this.#learnFirst(latencyMs)
    if (Atomics.load(this.#cells, cell.logarithm) <= this.#lowest) return
    Atomics.add(this.#cells, cell.logarithm, -Math.round(step * (1 - this.#quantile)))
  }

  neither(): void {
    this.#open.add(0, -1)
  }

  /**
   * From a first delay that is far too long, steps alone would take hundreds of calls to come down. If none of the
   * first attempts is late, the longest of them is a better guess. With many in flight, the first to answer are the
   * fastest.
   */
  #learnFirst(latencyMs: number): void {
    const cells = this.#cells
    const us = Math.min(2 ** 31 - 1, Math.round(latencyMs * 1000))
    replace(cells, cell.longestUs, us, (held) => us > held)
    const answers = Atomics.add(cells, cell.answers, 1) + 1
    if (answers < Math.max(firstAnswers, 2 * this.#open.sum(0))) return
    Atomics.store(cells, cell.answers, steered)
    const longest = Math.max(this.#lowest, logarithm(Atomics.load(cells, cell.longestUs) / 1000))
    replace(cells, cell.logarithm, longest, (held) => longest < held)
  }
}

function logarithm(ms: number): number {
  return Math.max(1, Math.round(Math.log(ms / shortestMs) * unit))
}

/** Replaces the value while `replaces` holds, even if other workers write to the same cell meanwhile. */
function replace(cells: Int32Array, cell: number, value: number, replaces: (held: number) => boolean): void {
  let held = Atomics.load(cells, cell)
  while (replaces(held)) {
    const found = Atomics.compareExchange(cells, cell, held, value)
    if (found === held) return
    held = found
  }
}
