import { type Levels, type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import type { HedgeAfter } from './options.ts'

/** How long to wait for the first attempt, and what has become of those that were waited for. */
export interface HedgeDelay {
  delayMs(): number
  /** Whether it is to be told; a fixed delay has nothing to learn. */
  readonly learns: boolean
  /** A call begins that may be hedged. Its first attempt has one of the three ends below, once; they take what this gives. */
  begin(): number
  /** It had not ended when the delay was over, whether or not a hedge went out then. */
  late(step: number): void
  /** It answered well before the delay was over. */
  inTime(step: number, latencyMs: number): void
  /** It failed, or its call ended, before the delay was over: nobody knows whether it would have been late. */
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
 * So much does the logarithm of the delay move when all calls are late. 0.1 is ours: with lognormal latencies (sigma 0.5
 * to 1.5) and 300 calls/s the delay wanders by 6 to 14 % around its quantile, and has followed a doubled level within 5 s.
 */
const gain = 0.1
/**
 * With so many first attempts in flight the steps are half as long. A change shows in the calls that begin after it;
 * where thousands are under way, full steps overshoot: at 3,000 calls/s of 400 ms (sigma 0.3) `p95` hedged 7.1 % with 50
 * here, 5.0 % with 20.
 */
const halvedAt = 20
/**
 * The number in flight is averaged over so many calls. Calls of a burst are more often late; were they to weigh less as
 * so many are in flight, `p95` would hedge 11 % of calls that come in bursts.
 */
const averagedOver = 1024
/** Fewer answers say too little about a first delay that was far too long. */
const firstAnswers = 20
/** In place of their number, once the delay is steered. */
const steered = 2 ** 30
/** The delay is kept as a logarithm, in whole numbers that `Atomics.add` can change; 0 is none yet. */
const unit = 2 ** 26
const shortestMs = 0.01

const cell = { logarithm: 0, answers: 1, longestUs: 2, averageOpen: 3 } as const

/**
 * A delay by quantile is steered, not measured: each first attempt that is late lengthens it by `quantile` steps, each
 * one in time shortens it by `1 - quantile` steps, so it stands still where exactly that share is in time (Robbins and
 * Monro, "A Stochastic Approximation Method", 1951). Whether an attempt was late is always known. How long it would have
 * taken is not, as losers are cancelled: by the quantile of the winners `p95` hedged 11.5 % of calls (lognormal, sigma
 * 1). A Kaplan-Meier estimate over the last 512 attempts, cancelled ones included, comes to 5.1 %, but to 41.6 % where
 * `p50` stands for 50 % (two modes), wanders half as much again at `p99`, and errs where latency belongs to the request.
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
  /** First attempts that have neither ended nor been late. */
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
    // Other bounds may have come with a reload: from beyond them it would take many steps back.
    const within = Math.min(this.#highest, Math.max(this.#lowest, learned === 0 ? logarithm(start) : learned))
    Atomics.compareExchange(this.#cells, cell.logarithm, learned, within)
  }

  delayMs(): number {
    const delayMs = shortestMs * Math.exp(Atomics.load(this.#cells, cell.logarithm) / unit)
    return Math.min(this.#maxMs, Math.max(this.#minMs, delayMs))
  }

  /** The step is known before the outcome: one that depended on how long the attempt took would shift the balance. */
  begin(): number {
    const cells = this.#cells
    const average = Atomics.load(cells, cell.averageOpen)
    // Kept in parts of `averagedOver`. Of two workers at once one may be forgotten.
    Atomics.store(cells, cell.averageOpen, average + this.#open.sum(0) - Math.round(average / averagedOver))
    this.#open.add(0, 1)
    return (gain * unit) / (1 + average / averagedOver / halvedAt)
  }

  late(step: number): void {
    this.#open.add(0, -1)
    Atomics.store(this.#cells, cell.answers, steered)
    // What is held at a bound must not go on behind it, or it would take as many steps back.
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
   * From a first delay that is far too long, steps would take hundreds of calls to come down. If none is late at first,
   * the longest of them is a better guess. Where many are in flight, the first to answer are the fastest.
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

/** Puts a value in the place of one that it is to replace, whatever other workers put there meanwhile. */
function replace(cells: Int32Array, place: number, value: number, replaces: (held: number) => boolean): void {
  let held = Atomics.load(cells, place)
  while (replaces(held)) {
    const found = Atomics.compareExchange(cells, place, held, value)
    if (found === held) return
    held = found
  }
}
