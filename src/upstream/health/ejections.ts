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
  note(place: number, isGood: boolean, nowMs: number, attempt?: Attempt): void {
    const cells = this.#cells
    if (cells.targets.length >= this.#options.successRate.targets) cells.add(place, isGood ? field.good : field.bad, 1)
    if (isGood) {
      // A store takes the cache line from all other threads; most of the time there is nothing to store.
      if (cells.get(place, field.failures) !== 0) cells.set(place, field.failures, 0)
    } else if (cells.add(place, field.failures, 1) >= this.#options.failures) {
      cells.set(place, field.failures, 0)
      cells.set(place, field.ejectedWith, attempt === undefined ? 0 : outcomeWord(attempt))
      this.#eject(place, field.ejectedForFailures, nowMs)
    }
  }

  isEjected(place: number): boolean {
    return this.#cells.get(place, field.ejection) === ejected
  }

  /** Run once an interval by one thread: brings back targets whose ejection is over, and ejects by success rate. */
  sweep(nowMs: number): void {
    const cells = this.#cells
    const { targets } = cells
    for (let place = 0; place < targets.length; place++) {
      if (!this.isEjected(place) && cells.get(place, field.timesEjected) > 0) cells.add(place, field.timesEjected, -1)
    }
    this.release(nowMs)
    const tallies = targets.map((_, place): Tally => {
      return { good: cells.take(place, field.good), bad: cells.take(place, field.bad) }
    })
    for (const place of belowTheOthers(tallies, this.#options.successRate)) {
      this.#eject(place, field.ejectedForRate, nowMs)
    }
  }

  /**
   * Brings back targets whose ejection is over. If a reload lowered the limit, also those whose ejection ends first.
   */
  release(nowMs: number): void {
    const cells = this.#cells
    const places = [...cells.targets.keys()]
    for (const place of places) cells.change(place, field.ejection, asked, 0)
    const untilMs = (place: number): number => cells.timeOf(place, time.ejectedUntil)
    const out = places.filter((place) => this.isEjected(place)).sort((a, b) => untilMs(a) - untilMs(b))
    for (const [at, place] of out.entries()) {
      if (untilMs(place) > nowMs && at >= out.length - this.#most) continue
      cells.set(place, field.failures, 0)
      cells.set(place, field.ejection, 0)
      cells.changed()
    }
  }

  #eject(place: number, reason: number, nowMs: number): void {
    const cells = this.#cells
    if (!cells.change(place, field.ejection, 0, asked)) return
    if (this.#count() > this.#most) {
      cells.change(place, field.ejection, asked, 0)
      return
    }
    const times = cells.get(place, field.timesEjected) + 1
    cells.setTime(place, time.ejectedUntil, nowMs + ejectionMs(this.#options, times))
    if (!cells.change(place, field.ejection, asked, ejected)) return
    cells.add(place, field.timesEjected, 1)
    cells.add(place, reason, 1)
    cells.changed()
  }

  #count(): number {
    let count = 0
    for (const place of this.#cells.targets.keys()) if (this.#cells.get(place, field.ejection) !== 0) count++
    return count
  }
}
