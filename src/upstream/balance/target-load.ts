import type { AttemptOutcome, Target } from '../../core/attempt.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Levels, MemoryScope } from '../../kit/shared-memory.ts'
import { memoryOfTarget } from './target-memory.ts'

export interface LoadOptions {
  /** 10 s is the default of Finagle and linkerd2-proxy. */
  readonly decayMs: number
  /** Latency assumed for an unknown target. linkerd2-proxy's default: 30 ms. */
  readonly startMs: number
}

export const loadDefaults: LoadOptions = { decayMs: 10_000, startMs: 30 }

/**
 * A failure counts as this many times the latency of a good answer. Finagle and linkerd leave targets that fail fast to
 * failure accrual, which ejects them after some failures; ServiceTalk scales the failure's own latency
 * (`ewmaErrorPenalty`). This scales the latency of good answers, because a failure may take no time at all.
 */
const failurePenalty = 10
/** Weight of the newest answer in the average. */
const newestShare = 0.1
/** Cap on the share of failures: at 1 a target would never be tried again, and the divisor would be 0. */
const highestShare = 0.99

/** Above 0, which means unknown. */
const shortestMs = 1e-3

/** Indexes of one target's numbers, shared by all workers. */
const known = { peakMs: 0, peakAtMs: 1, usualMs: 2, failing: 3, failingAtMs: 4, count: 5 } as const

interface OneLoad {
  readonly inFlight: Levels
  readonly numbers: Float64Array
}

/**
 * Load of an upstream's targets, over all workers: attempts in flight (until the last byte of the answer), latency (to
 * the head of the answer, or to its end when it is buffered) and failures. Load-aware balancers see every attempt;
 * other balancers have no `TargetLoad`.
 *
 * Two workers that record an answer at the same instant may lose one of the two samples, and nothing else: each number
 * is read and written whole. Kept by target name, across reloads too.
 */
export class TargetLoad {
  readonly #targets: readonly OneLoad[]
  readonly #indexes: ReadonlyMap<Target, number>
  readonly #clock: Clock
  readonly #options: LoadOptions

  constructor(targets: readonly Target[], clock: Clock, memory: MemoryScope, options: LoadOptions = loadDefaults) {
    this.#clock = clock
    this.#options = options
    this.#indexes = new Map(targets.map((target, index) => [target, index]))
    // The assumed latency of unknown targets fades from now on, for all new ones alike.
    const nowMs = clock.now()
    this.#targets = targets.map((target) => {
      const own = memoryOfTarget(memory, target)
      const numbers = own.numbers('load', known.count)
      if (numbers[known.peakAtMs] === 0) numbers[known.peakAtMs] = nowMs
      return { inFlight: own.levels('load', 1), numbers }
    })
  }

  started(target: Target): void {
    this.#of(this.#indexOf(target)).inFlight.add(0, 1)
  }

  /** The attempt is no longer in flight. */
  ended(target: Target): void {
    this.#of(this.#indexOf(target)).inFlight.add(0, -1)
  }

  /** The outcome is known; the answer may still stream. */
  answered(target: Target, tookMs: number, outcome: AttemptOutcome | undefined): void {
    const index = this.#indexOf(target)
    const { numbers } = this.#of(index)
    const verdict = outcome === undefined ? 'nothing' : verdicts[outcome]
    const peakMs = this.ewmaMs(index)
    // Cancelled, or refused because of the request: a lower bound on the latency, not an upper one.
    if (verdict === 'nothing') {
      if (tookMs > peakMs || !this.isKnown(index)) this.#notePeak(numbers, Math.max(tookMs, peakMs))
      return
    }
    const isGood = verdict === 'good'
    const usualMs = numbers[known.usualMs] as number
    if (isGood) numbers[known.usualMs] = usualMs === 0 ? tookMs : usualMs + (tookMs - usualMs) * newestShare
    const failing = this.failing(index)
    numbers[known.failing] = failing + ((isGood ? 0 : 1) - failing) * newestShare
    numbers[known.failingAtMs] = this.#clock.now()
    const countedMs = isGood ? tookMs : Math.max(tookMs, failurePenalty * (usualMs || this.#options.startMs))
    const isPeak = countedMs > peakMs || numbers[known.peakMs] === 0
    this.#notePeak(numbers, isPeak ? countedMs : this.#mixed(numbers, countedMs))
  }

  /** Whether any attempt at the target has ended. */
  isKnown(index: number): boolean {
    return this.#of(index).numbers[known.peakMs] !== 0
  }

  inFlight(index: number): number {
    return this.#of(index).inFlight.sum(0)
  }

  /**
   * Peak EWMA of the latency: rises at once and decays over `decayMs`. It also decays while nothing is sent, so that
   * the target is tried again, or for the first time. As in Finagle; in tower the initial value decays too.
   */
  ewmaMs(index: number): number {
    const { numbers } = this.#of(index)
    return (numbers[known.peakMs] || this.#options.startMs) * this.#remains(numbers[known.peakAtMs] as number)
  }

  /**
   * Share of recent answers that were failures, 0 to 1: each answer weighs a tenth, and the share decays over
   * `decayMs`.
   */
  failing(index: number): number {
    const { numbers } = this.#of(index)
    const failing = numbers[known.failing] as number
    return failing === 0 ? 0 : failing * this.#remains(numbers[known.failingAtMs] as number)
  }

  /** Whether the target's failures count as at least one attempt in flight. */
  isFailing(index: number): boolean {
    return this.failing(index) >= 0.5 / failurePenalty
  }

  /** Expected time to a good answer, when it takes several attempts. */
  expectedMs(index: number): number {
    return this.ewmaMs(index) / (1 - Math.min(highestShare, this.failing(index)))
  }

  /**
   * Attempts in flight as if failures had not ended early: each failure counts as one more for a while, and an attempt
   * in flight counts as many times as a good answer takes attempts.
   */
  burden(index: number, inFlight = this.inFlight(index)): number {
    const failing = Math.min(highestShare, this.failing(index))
    return (inFlight + Math.round(failurePenalty * failing)) / (1 - failing)
  }

  #mixed(numbers: Float64Array, tookMs: number): number {
    const remains = this.#remains(numbers[known.peakAtMs] as number)
    return (numbers[known.peakMs] as number) * remains + tookMs * (1 - remains)
  }

  #notePeak(numbers: Float64Array, peakMs: number): void {
    numbers[known.peakMs] = Math.max(shortestMs, peakMs)
    numbers[known.peakAtMs] = this.#clock.now()
  }

  #remains(sinceMs: number): number {
    return Math.exp(-Math.max(0, this.#clock.now() - sinceMs) / this.#options.decayMs)
  }

  #of(index: number): OneLoad {
    return this.#targets[index] as OneLoad
  }

  #indexOf(target: Target): number {
    const index = this.#indexes.get(target)
    if (index === undefined) throw new Error(`${target.name} is not a target of this upstream`)
    return index
  }
}

const verdicts: Readonly<Record<AttemptOutcome, 'good' | 'bad' | 'nothing'>> = {
  success: 'good',
  timeout: 'bad',
  refused: 'bad',
  tls_error: 'bad',
  reset: 'bad',
  server_error: 'bad',
  rate_limited: 'bad',
  invalid: 'bad',
  client_error: 'nothing',
  gateway_exhausted: 'nothing',
  cancelled: 'nothing',
}
