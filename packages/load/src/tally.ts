import { type ErrorKind, errorKinds } from './error-kind.ts'
import type { Ending } from './sender.ts'
import type { StatusSet } from './status-set.ts'

/**
 * How every request ended. Each is counted exactly once, so at any time
 * `sent = completed + late + badStatus + errors + timedOut + abandoned + inFlight`.
 */
export interface Counts {
  readonly sent: number
  /** A good answer, in time. */
  readonly completed: number
  /** A good answer, later than `--late` allows. */
  readonly late: number
  /** An answer whose status does not count as good. */
  readonly badStatus: number
  /** No answer, or an incomplete one. */
  readonly errors: number
  readonly timedOut: number
  /** In flight when the run was aborted. */
  readonly abandoned: number
  readonly inFlight: number
  /** Due, but the run ended before a connection was free; not part of `sent`. */
  readonly unsent: number
  /** All answers by status, good or not. */
  readonly statuses: Readonly<Record<string, number>>
  readonly errorKinds: Readonly<Record<string, ErrorCount>>
}

export interface ErrorCount {
  readonly count: number
  /** The message of the first such error. */
  readonly example: string
}

/** The count that a request goes into. */
export type Verdict = 'completed' | 'late' | 'badStatus' | 'errors' | 'timedOut' | 'abandoned'

/** Bounded in size by the possible statuses (three digits) and the kinds of error. */
export class Tally {
  readonly #isGood: StatusSet
  readonly #verdicts: Record<Verdict, number> = {
    completed: 0,
    late: 0,
    badStatus: 0,
    errors: 0,
    timedOut: 0,
    abandoned: 0,
  }
  readonly #statuses = new Map<number, number>()
  readonly #errors = new Map<ErrorKind, { count: number; readonly example: string }>()
  #sent = 0
  #ended = 0

  constructor(isGood: StatusSet) {
    this.#isGood = isGood
  }

  get sentCount(): number {
    return this.#sent
  }

  get inFlightCount(): number {
    return this.#sent - this.#ended
  }

  get answeredCount(): number {
    const { completed, late, badStatus } = this.#verdicts
    return completed + late + badStatus
  }

  sent(): void {
    this.#sent++
  }

  ended(ending: Ending, isLate: boolean): Verdict {
    const verdict = this.#judge(ending, isLate)
    this.#ended++
    this.#verdicts[verdict]++
    if (ending.kind === 'answered') this.#statuses.set(ending.status, (this.#statuses.get(ending.status) ?? 0) + 1)
    if (ending.kind === 'error') this.#countError(ending.error, ending.message)
    return verdict
  }

  counts(unsent: number): Counts {
    const statuses = [...this.#statuses].sort(([a], [b]) => a - b)
    const errors = errorKinds.flatMap((kind) => {
      const found = this.#errors.get(kind)
      return found === undefined ? [] : [[kind, { ...found }] as const]
    })
    return {
      sent: this.#sent,
      ...this.#verdicts,
      inFlight: this.inFlightCount,
      unsent,
      statuses: Object.fromEntries(statuses),
      errorKinds: Object.fromEntries(errors),
    }
  }

  #judge(ending: Ending, isLate: boolean): Verdict {
    switch (ending.kind) {
      case 'answered':
        if (!this.#isGood(ending.status)) return 'badStatus'
        return isLate ? 'late' : 'completed'
      case 'error':
        return 'errors'
      case 'timed out':
        return 'timedOut'
      case 'abandoned':
        return 'abandoned'
    }
  }

  #countError(kind: ErrorKind, example: string): void {
    const found = this.#errors.get(kind)
    if (found === undefined) this.#errors.set(kind, { count: 1, example })
    else found.count++
  }
}
