import type { Attempt } from '../../core/attempt.ts'
import { field, type HealthCells, time } from './health-cells.ts'
import { outcomeWord } from './last-outcome.ts'
import type { OutlierOptions } from './options.ts'
import { belowTheOthers, ejectionMs, type Tally } from './outliers.ts'

/**
 * Which targets are ejected. A target is ejected while it stands in a slot, and there are no more slots than may be
 * ejected: so there are never more, whichever threads eject at once, and wherever one of them dies.
 */
export class Ejections {
  readonly #cells: HealthCells
  readonly #options: OutlierOptions

  constructor(cells: HealthCells, options: OutlierOptions) {
    this.#cells = cells
    this.#options = options
  }

  /** An attempt has ended. On the way of every call. `attempt`: for what is told of an ejection. */
  note(place: number, isGood: boolean, nowMs: number, attempt?: Attempt): void {
    const cells = this.#cells
    if (cells.targets.length >= this.#options.successRate.targets) cells.add(place, isGood ? field.good : field.bad, 1)
    if (isGood) {
      // A store takes the memory from all other threads; most of the time there is nothing to store.
      if (cells.get(place, field.failures) !== 0) cells.set(place, field.failures, 0)
    } else if (cells.add(place, field.failures, 1) >= this.#options.failures) {
      cells.set(place, field.failures, 0)
      cells.set(place, field.ejectedWith, attempt === undefined ? 0 : outcomeWord(attempt))
      this.#eject(place, field.ejectedForFailures, nowMs)
    }
  }

  isEjected(place: number): boolean {
    const { slots } = this.#cells
    for (let slot = 0; slot < slots.length; slot++) if (Atomics.load(slots, slot) === place + 1) return true
    return false
  }

  /** Once an interval, by one thread: brings back whose time is over, and ejects whose success rate is too low. */
  sweep(nowMs: number): void {
    const cells = this.#cells
    const { targets, slots } = cells
    for (let place = 0; place < targets.length; place++) {
      if (!this.isEjected(place) && cells.get(place, field.timesEjected) > 0) cells.add(place, field.timesEjected, -1)
    }
    for (let slot = 0; slot < slots.length; slot++) {
      const entry = Atomics.load(slots, slot)
      if (entry === 0 || cells.timeOf(entry - 1, time.ejectedUntil) > nowMs) continue
      cells.set(entry - 1, field.failures, 0)
      Atomics.compareExchange(slots, slot, entry, 0)
      cells.changed()
    }
    const tallies = targets.map((_, place): Tally => {
      return { good: cells.take(place, field.good), bad: cells.take(place, field.bad) }
    })
    for (const place of belowTheOthers(tallies, this.#options.successRate)) {
      this.#eject(place, field.ejectedForRate, nowMs)
    }
  }

  #eject(place: number, reason: number, nowMs: number): void {
    const cells = this.#cells
    const { slots } = cells
    const free = slots.indexOf(0)
    if (free < 0 || this.isEjected(place)) return
    const times = cells.get(place, field.timesEjected) + 1
    cells.setTime(place, time.ejectedUntil, nowMs + ejectionMs(this.#options, times))
    for (let slot = free; slot < slots.length; slot++) {
      if (Atomics.compareExchange(slots, slot, 0, place + 1) !== 0) continue
      cells.add(place, field.timesEjected, 1)
      cells.add(place, reason, 1)
      cells.changed()
      return
    }
  }
}
