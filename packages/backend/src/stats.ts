/**
 * A backend's counts. Requests to `/_backend` do not count. At all times
 * `requests = inFlight + aborted + reset + cut + the sum of answers`.
 */
export interface BackendStats {
  readonly requests: number
  /** Arrived and not finished: being read, waiting, being answered, or hanging. */
  readonly inFlight: number
  readonly inFlightPeak: number
  /** The client hung up before its answer was complete. */
  readonly aborted: number
  /** Reset by a fault of the profile. */
  readonly reset: number
  /** Ended because the backend closed or began to refuse. */
  readonly cut: number
  /** Complete answers, by status. */
  readonly answers: Readonly<Record<string, number>>
  /** Currently open, including idle ones. */
  readonly connections: number
  readonly connectionsTotal: number
  readonly callbacks: CallbackStats
}

export interface CallbackStats {
  /** Not acknowledged yet. */
  readonly pending: number
  /** Attempts, including repeated ones. */
  readonly posted: number
  readonly acknowledged: number
}

export type Ending = 'answered' | 'aborted' | 'reset' | 'cut'

type RequestStats = Omit<BackendStats, 'connections' | 'connectionsTotal' | 'callbacks'>

export class RequestCounter {
  readonly #endings = { answered: 0, aborted: 0, reset: 0, cut: 0 }
  readonly #answers = new Map<number, number>()
  #requests = 0
  #inFlight = 0
  #inFlightPeak = 0

  get inFlight(): number {
    return this.#inFlight
  }

  /** Returns the request's number, 1 for the first. */
  started(): number {
    this.#inFlight++
    if (this.#inFlight > this.#inFlightPeak) this.#inFlightPeak = this.#inFlight
    return ++this.#requests
  }

  ended(ending: Ending, status: number): void {
    this.#inFlight--
    this.#endings[ending]++
    if (ending === 'answered') this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1)
  }

  snapshot(): RequestStats {
    const { aborted, reset, cut } = this.#endings
    return {
      requests: this.#requests,
      inFlight: this.#inFlight,
      inFlightPeak: this.#inFlightPeak,
      aborted,
      reset,
      cut,
      answers: Object.fromEntries(this.#answers),
    }
  }
}
