import type { AttemptOutcome, Target } from '../../core/attempt.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Levels, MemoryScope } from '../../kit/shared-memory.ts'
import { memoryOfTarget } from './target-memory.ts'

export interface LoadOptions {
  /** Finagle's default, and linkerd2-proxy's: 10 s. */
  readonly decayMs: number
  /** What a target is taken to need while nothing is known of it. linkerd2-proxy's default: 30 ms. */
  readonly startMs: number
}

export const loadDefaults: LoadOptions = { decayMs: 10_000, startMs: 30 }

/**
 * A failure counts as if the answer had taken so many times as long as a good one. Finagle and linkerd leave those who
 * fail fast to failure accrual, which ejects them after some failures; ServiceTalk counts a failure for slower than it
 * was (`ewmaErrorPenalty`). Here it is slower than good answers, as a failure may take no time at all.
 */
const failurePenalty = 10
/** What the newest answer counts among the others. */
const newestShare = 0.1
/** Of the share of failures: whoever fails always would never be tried again, and divide by nothing. */
const highestShare = 0.99

/** 0 stands for what is not known. */
const shortestMs = 1e-3

/** What is known of one target in all workers: places of its numbers. */
const known = { peakMs: 0, peakAtMs: 1, usualMs: 2, failing: 3, failingAtMs: 4, count: 5 } as const

interface OneLoad {
  readonly inFlight: Levels
  readonly numbers: Float64Array
}

/**
 * What the targets of an upstream are doing, over all workers: attempts in flight (until the last byte of the answer),
 * how long answers take (to their head, or their end where they are held whole), how many fail. Balancers that go by it
 * are told of each attempt; for the others there is none.
 *
 * Two workers that note an answer at the same instant may lose one of the two samples, and nothing else: each number is
 * read and written whole. It is kept for a target by its name, over reloads too.
 */
export class TargetLoad {
  readonly #targets: readonly OneLoad[]
  readonly #places: ReadonlyMap<Target, number>
  readonly #clock: Clock
  readonly #options: LoadOptions

  constructor(targets: readonly Target[], clock: Clock, memory: MemoryScope, options: LoadOptions = loadDefaults) {
    this.#clock = clock
    this.#options = options
    this.#places = new Map(targets.map((target, place) => [target, place]))
    // From then on it fades what they are taken to need while nothing is known of them: the same of all that are new.
    const nowMs = clock.now()
    this.#targets = targets.map((target) => {
      const own = memoryOfTarget(memory, target)
      const numbers = own.numbers('load', known.count)
      if (numbers[known.peakAtMs] === 0) numbers[known.peakAtMs] = nowMs
      return { inFlight: own.levels('load', 1), numbers }
    })
  }

  started(target: Target): void {
    this.#of(this.#placeOf(target)).inFlight.add(0, 1)
  }

  /** It is in flight no more. */
  ended(target: Target): void {
    this.#of(this.#placeOf(target)).inFlight.add(0, -1)
  }

  /** What it came to is known; its answer may still stream. */
  answered(target: Target, tookMs: number, outcome: AttemptOutcome | undefined): void {
    const place = this.#placeOf(target)
    const { numbers } = this.#of(place)
    const verdict = outcome === undefined ? 'nothing' : verdicts[outcome]
    const peakMs = this.ewmaMs(place)
    // Given up, or refused for what the client asked: tells that it takes no less, and not that it takes no more.
    if (verdict === 'nothing') {
      if (tookMs > peakMs || !this.isKnown(place)) this.#notePeak(numbers, Math.max(tookMs, peakMs))
      return
    }
    const isGood = verdict === 'good'
    const usualMs = numbers[known.usualMs] as number
    if (isGood) numbers[known.usualMs] = usualMs === 0 ? tookMs : usualMs + (tookMs - usualMs) * newestShare
    const failing = this.failing(place)
    numbers[known.failing] = failing + ((isGood ? 0 : 1) - failing) * newestShare
    numbers[known.failingAtMs] = this.#clock.now()
    const countedMs = isGood ? tookMs : Math.max(tookMs, failurePenalty * (usualMs || this.#options.startMs))
    const isPeak = countedMs > peakMs || numbers[known.peakMs] === 0
    this.#notePeak(numbers, isPeak ? countedMs : this.#mixed(numbers, countedMs))
  }

  /** Whether any attempt has ended there. */
  isKnown(place: number): boolean {
    return this.#of(place).numbers[known.peakMs] !== 0
  }

  inFlight(place: number): number {
    return this.#of(place).inFlight.sum(0)
  }

  /**
   * How long answers take: up at once, and down over `decayMs`. It goes down with nothing sent too, so that the target
   * is tried again, or for the first time. That is Finagle's Peak EWMA; tower's has what it begins with fade as well.
   */
  ewmaMs(place: number): number {
    const { numbers } = this.#of(place)
    return (numbers[known.peakMs] || this.#options.startMs) * this.#remains(numbers[known.peakAtMs] as number)
  }

  /** The share of recent answers that were failures, 0 to 1: each counts a tenth, and it goes down over `decayMs`. */
  failing(place: number): number {
    const { numbers } = this.#of(place)
    const failing = numbers[known.failing] as number
    return failing === 0 ? 0 : failing * this.#remains(numbers[known.failingAtMs] as number)
  }

  /** Whether its failures count for one attempt in flight at least. */
  isFailing(place: number): boolean {
    return this.failing(place) >= 0.5 / failurePenalty
  }

  /** How long a good answer takes, where several have to be asked for one. */
  expectedMs(place: number): number {
    return this.ewmaMs(place) / (1 - Math.min(highestShare, this.failing(place)))
  }

  /**
   * Attempts in flight, as they would be if its failures had not ended early: each stands for a while as one more, and
   * those in flight count for as many as it takes to have a good answer.
   */
  burden(place: number, inFlight = this.inFlight(place)): number {
    const failing = Math.min(highestShare, this.failing(place))
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

  #of(place: number): OneLoad {
    return this.#targets[place] as OneLoad
  }

  #placeOf(target: Target): number {
    const place = this.#places.get(target)
    if (place === undefined) throw new Error(`${target.name} is no target of this upstream`)
    return place
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
