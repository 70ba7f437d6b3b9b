import type { Attempt } from '../../core/attempt.ts'
import { field, type HealthCells, time } from './health-cells.ts'
import { outcomeWord } from './last-outcome.ts'
import type { OutlierOptions } from './options.ts'
import { belowTheOthers, ejectionMs, mostEjected, type Tally } from './outliers.ts'

/** Reservation, set before the ejected targets are counted. The next sweep clears one whose thread has died. */
const asked = 1
const ejected = 2

/**
 * Which targets are ejected. A thread first reserves an ejection and then counts the ejected and the reserved targets.
 * So there are never more than allowed, whichever threads eject at once. Two threads that reserve the last free slot at
 * the same instant may both be refused.
 */
export class Ejections {
  readonly #cells: HealthCells
  readonly #options: OutlierOptions
  readonly #most: number

  constructor(cells: HealthCells, options: OutlierOptions) {
    this.#cells = cells
    this.#options = options
    this.#most = mostEjected(cells.targets.length, options.share)
  }

  /** An attempt has ended. On the hot path of every call. `attempt`: for the report of an ejection. */
  note(index: number, isGood: boolean, nowMs: number, attempt?: Attempt): void {
    const cells = this.#cells
    if (cells.targets.length >= this.#options.successRate.targets) cells.add(index, isGood ? field.good : field.bad, 1)
    if (isGood) {
      // A store takes the cache line from all other threads; most of the time there is nothing to store.
      if (cells.get(index, field.failures) !== 0) cells.set(index, field.failures, 0)
    } else if (cells.add(index, field.failures, 1) >= this.#options.failures) {
      cells.set(index, field.failures, 0)
      cells.set(index, field.ejectedWith, attempt === undefined ? 0 : outcomeWord(attempt))
      this.#eject(index, field.ejectedForFailures, nowMs)
    }
  }

  isEjected(index: number): boolean {
    return this.#cells.get(index, field.ejection) === ejected
  }

  /** Run once an interval by one thread: brings back targets whose ejection is over, and ejects by success rate. */
  sweep(nowMs: number): void {
    const cells = this.#cells
    const { targets } = cells
    for (let index = 0; index < targets.length; index++) {
      if (!this.isEjected(index) && cells.get(index, field.timesEjected) > 0) cells.add(index, field.timesEjected, -1)
    }
    this.release(nowMs)
    const tallies = targets.map((_, index): Tally => {
      return { good: cells.take(index, field.good), bad: cells.take(index, field.bad) }
    })
    for (const index of belowTheOthers(tallies, this.#options.successRate)) {
      this.#eject(index, field.ejectedForRate, nowMs)
    }
  }

  /**
   * Brings back targets whose ejection is over. If a reload lowered the limit, also those whose ejection ends first.
   */
  release(nowMs: number): void {
    const cells = this.#cells
    const indexes = [...cells.targets.keys()]
    for (const index of indexes) cells.change(index, field.ejection, asked, 0)
    const untilMs = (index: number): number => cells.timeOf(index, time.ejectedUntil)
    const out = indexes.filter((index) => this.isEjected(index)).sort((a, b) => untilMs(a) - untilMs(b))
    for (const [at, index] of out.entries()) {
      if (untilMs(index) > nowMs && at >= out.length - this.#most) continue
      cells.set(index, field.failures, 0)
      cells.set(index, field.ejection, 0)
      cells.changed()
    }
  }

  #eject(index: number, reason: number, nowMs: number): void {
    const cells = this.#cells
    if (!cells.change(index, field.ejection, 0, asked)) return
    if (this.#count() > this.#most) {
      cells.change(index, field.ejection, asked, 0)
      return
    }
    const times = cells.get(index, field.timesEjected) + 1
    cells.setTime(index, time.ejectedUntil, nowMs + ejectionMs(this.#options, times))
    if (!cells.change(index, field.ejection, asked, ejected)) return
    cells.add(index, field.timesEjected, 1)
    cells.add(index, reason, 1)
    cells.changed()
  }

  #count(): number {
    let count = 0
    for (const index of this.#cells.targets.keys()) if (this.#cells.get(index, field.ejection) !== 0) count++
    return count
  }
}
