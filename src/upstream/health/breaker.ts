import type { BreakerOpening, BreakerState } from '../../core/target-event.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import { memoryOfTarget } from '../balance/target-memory.ts'
import { AttemptWindow } from './attempt-window.ts'
import { field, type HealthCells, time } from './health-cells.ts'
import type { BreakerOptions } from './options.ts'
import type { Verdict } from './verdict.ts'

/**
 * The two lowest bits of a word hold the state; the bits above count changes, so that no change is mistaken for
 * another.
 */
const closed = 0
const open = 1
const probing = 2

/**
 * Lease of a probe: if its worker has died, others may probe after this time, which deadlines do not exceed by default.
 */
const probeLeaseMs = 60_000

/**
 * The circuit breakers of an upstream's targets, one each, shared by all threads:
 *
 *     closed ──(bad share of the window)──> open ──(its time is over, an attempt begins)──> probing
 *       ^                                     ^                                               │
 *       └───────────── good ──────────────────┼───────────────── bad ─────────────────────────┤
 *                                             └──── ended by others: the next attempt probes ─┘
 *
 * Each change is one atomic step from the word that was read, so that only one thread makes it, and only one attempt
 * probes.
 */
export class Breakers {
  readonly #cells: HealthCells
  readonly #options: BreakerOptions
  readonly #windows: readonly AttemptWindow[]

  constructor(cells: HealthCells, options: BreakerOptions, memory: MemoryScope) {
    this.#cells = cells
    this.#options = options
    this.#windows = cells.targets.map((target) => new AttemptWindow(options.window, memoryOfTarget(memory, target)))
  }

  state(index: number, nowMs: number): BreakerState {
    const word = this.#word(index)
    if (stateIn(word) === closed) return 'closed'
    return stateIn(word) === open && nowMs < this.#until(index, word) ? 'open' : 'half_open'
  }

  /** Whether an attempt may begin there: as one of many, or as the probe. */
  allows(index: number, nowMs: number): boolean {
    return nowMs >= this.allowsAtMs(index)
  }

  /** When it allows an attempt, unless its state changes first; always in the past for a closed breaker. */
  allowsAtMs(index: number): number {
    return this.#until(index, this.#word(index))
  }

  /** Whether a probe is in flight, whose result may arrive at any moment. */
  isProbing(index: number): boolean {
    return stateIn(this.#word(index)) === probing
  }

  /** The counts that opened it, while it is open: nothing else is counted from then on. */
  opening(index: number): BreakerOpening {
    const { open: openMs, window: windowMs } = this.#options
    const openedAtMs = this.#cells.timeOf(index, time.breakerOpenUntil) - openMs
    const { good, bad } = this.#window(index).count(openedAtMs)
    return { failed: bad, attempts: good + bad, windowMs }
  }

  /** An attempt other than the probe has ended. */
  note(index: number, verdict: Verdict, nowMs: number): void {
    const word = this.#word(index)
    if (verdict === 'neither' || stateIn(word) !== closed) return
    const window = this.#window(index)
    window.note(verdict === 'good', nowMs)
    const { minimum, failures } = this.#options
    const { good, bad } = window.count(nowMs)
    if (bad > 0 && good + bad >= minimum && bad >= failures * (good + bad)) this.#open(index, word, nowMs)
  }

  /**
   * For an attempt about to begin at a breaker that is not closed. Returns the probe to end later, or undefined when
   * another attempt has it.
   */
  tryProbe(index: number, nowMs: number): number | undefined {
    const cells = this.#cells
    const word = this.#word(index)
    if (stateIn(word) === closed || nowMs < this.#until(index, word)) return undefined
    cells.setTime(index, time.probingSince, nowMs)
    const next = following(word, probing)
    if (!cells.change(index, field.breaker, word, next)) return undefined
    cells.changed()
    return next
  }

  probeEnded(index: number, probe: number, verdict: Verdict, nowMs: number): void {
    const cells = this.#cells
    if (verdict === 'bad') return this.#open(index, probe, nowMs)
    if (verdict === 'good') this.#window(index).clear()
    // Open with its time long over means that the next attempt probes.
    const next = following(probe, verdict === 'good' ? closed : open)
    if (cells.change(index, field.breaker, probe, next)) cells.changed()
  }

  isClosed(index: number): boolean {
    return stateIn(this.#word(index)) === closed
  }

  #open(index: number, word: number, nowMs: number): void {
    const cells = this.#cells
    cells.setTime(index, time.breakerOpenUntil, nowMs + this.#options.open)
    if (cells.change(index, field.breaker, word, following(word, open))) cells.changed()
  }

  #window(index: number): AttemptWindow {
    return this.#windows[index] as AttemptWindow
  }

  #word(index: number): number {
    return this.#cells.get(index, field.breaker)
  }

  #until(index: number, word: number): number {
    const cells = this.#cells
    if (stateIn(word) === closed) return Number.NEGATIVE_INFINITY
    if (stateIn(word) === open) return cells.timeOf(index, time.breakerOpenUntil)
    return cells.timeOf(index, time.probingSince) + Math.max(probeLeaseMs, this.#options.open)
  }
}

function stateIn(word: number): number {
  return word & 3
}

function following(word: number, state: number): number {
  return (((word >> 2) + 1) << 2) | state
}
