import type { Attempt, Target } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Clock } from '../../kit/clock.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import { retryAfterMs } from '../../layers/retry-after.ts'
import type { Gate } from '../balance/gate.ts'
import type { Rotation } from '../balance/rotation.ts'
import { availabilityOf, type Condition } from './availability.ts'
import { Breakers } from './breaker.ts'
import { Ejections } from './ejections.ts'
import { field, HealthCells, time } from './health-cells.ts'
import type { BreakerOptions, HealthOptions, OutlierOptions } from './options.ts'
import { isTargetsFault, type Verdict, verdictOf } from './verdict.ts'

export interface UpstreamHealthOptions {
  readonly outlier: OutlierOptions | 'off'
  readonly health?: HealthOptions | undefined
  readonly breaker?: BreakerOptions | undefined
  /** Milliseconds; 0: none. */
  readonly rest: number
  readonly panic: number
}

/** Minimum retry delay of a refused call: `Retry-After` has whole seconds. */
const leastWaitMs = 1000

/** Called at the end of each attempt, with all that is known of it by then. */
export type NoteAttempt = (attempt: Attempt, outcome: Outcome) => void

/** Undefined when no option can take effect, as with a single target and neither checks nor a breaker. */
export function upstreamHealth(
  targets: readonly Target[],
  options: UpstreamHealthOptions,
  clock: Clock,
  memory: MemoryScope,
): UpstreamHealth | undefined {
  const { health, breaker, outlier, rest } = options
  const hasOthers = targets.length > 1 && (outlier !== 'off' || rest > 0)
  if (!hasOthers && health === undefined && breaker === undefined) return undefined
  return new UpstreamHealth(targets, options, clock, memory)
}

/**
 * One thread's view of the health of an upstream's targets, and its reports to the other threads. Shared state is read
 * again when its version changes, or when a rest or a breaker's open time ends; otherwise a query costs two loads.
 */
export class UpstreamHealth implements Rotation, Gate {
  readonly targets: readonly Target[]
  readonly cells: HealthCells
  readonly ejections: Ejections | undefined
  readonly breakers: Breakers | undefined
  readonly options: UpstreamHealthOptions
  readonly #clock: Clock
  readonly #indexes: ReadonlyMap<Target, number>
  /** Probes in flight in this thread, by target index. */
  readonly #probes = new Map<number, { readonly attempt: Attempt; readonly probe: number }>()
  #available: readonly boolean[]
  #isPanicking = false
  #version = 0
  #seenVersion = -1
  /** When the cached view expires. */
  #changesAtMs = Number.POSITIVE_INFINITY

  constructor(targets: readonly Target[], options: UpstreamHealthOptions, clock: Clock, memory: MemoryScope) {
    this.targets = targets
    this.options = options
    this.#clock = clock
    this.#indexes = new Map(targets.map((target, index) => [target, index]))
    this.#available = targets.map(() => true)
    const { outlier, breaker } = options
    this.cells = new HealthCells(targets, memory)
    if (outlier !== 'off' && targets.length > 1) this.ejections = new Ejections(this.cells, outlier)
    if (breaker !== undefined) this.breakers = new Breakers(this.cells, breaker, memory)
  }

  get version(): number {
    this.#refresh()
    return this.#version
  }

  get isPanicking(): boolean {
    this.#refresh()
    return this.#isPanicking
  }

  isAvailable(index: number): boolean {
    this.#refresh()
    return this.#available[index] === true
  }

  factor(): number {
    return 1
  }

  begin(target: Target, call: Call): Attempt | undefined {
    const { breakers } = this
    if (breakers === undefined) return call.begin(target)
    const index = this.#indexes.get(target)
    if (index === undefined || breakers.isClosed(index)) return call.begin(target)
    const probe = breakers.tryProbe(index, this.#now())
    if (probe === undefined) {
      // The thread that was first may not have published it yet.
      this.#look(this.cells.version)
      return undefined
    }
    const attempt = call.begin(target)
    this.#probes.set(index, { attempt, probe })
    return attempt
  }

  refusal(upstream: string): Failure {
    const { breakers, targets } = this
    const indexes = [...targets.keys()]
    if (breakers !== undefined && indexes.length > 0 && !indexes.some((index) => breakers.isClosed(index))) {
      const isProbing = indexes.some((index) => breakers.isProbing(index))
      const detail = isProbing
        ? `No breaker of the upstream ${upstream} is closed, and a trial attempt is under way`
        : `The breakers of all targets of the upstream ${upstream} are open`
      // No longer than the minimum while a probe is in flight: its lease is only for lost probes.
      const allowedAtMs = isProbing ? 0 : Math.min(...indexes.map((index) => breakers.allowsAtMs(index)))
      const retryAfterMs = Math.max(leastWaitMs, allowedAtMs - this.#clock.now())
      return failure('BREAKER_OPEN', detail, { retryAfterMs })
    }
    const detail = `The upstream ${upstream} has no available target`
    return failure('NO_TARGET', detail, { retryAfterMs: this.options.health?.interval ?? leastWaitMs })
  }

  /**
   * For attempts with this patience: see `verdictOf`. A body that still streams decides at its end: if its good head
   * counted already, a target that breaks off every answer would look half healthy. A probe's head counts at once,
   * because nothing else is sent meanwhile, and a stream may last for hours.
   */
  noteWith(patienceMs: number): NoteAttempt {
    return (attempt, outcome) => {
      const index = this.#indexes.get(attempt.target)
      if (index === undefined) return
      const verdict = verdictOf(attempt, outcome, patienceMs)
      const body = outcome.ok && verdict === 'good' ? outcome.response.body : undefined
      if (isHeld(body) || body.watch === undefined) this.#note(index, verdict, attempt)
      else {
        if (this.#probes.get(index)?.attempt === attempt) this.#note(index, verdict, attempt)
        body.watch({ onBodyOver: (reason) => this.#note(index, isTargetsFault(reason) ? 'bad' : 'good', attempt) })
      }
      if (attempt.status === 429 || attempt.status === 503) this.#rest(index, outcome)
    }
  }

  /** The current condition of each target. */
  conditions(nowMs: number): readonly Condition[] {
    const { cells, ejections, breakers, options } = this
    return this.targets.map((_, index) => ({
      isEjected: ejections?.isEjected(index) ?? false,
      isUnhealthy: options.health !== undefined && cells.get(index, field.unhealthy) === 1,
      restsUntilMs: cells.timeOf(index, time.restsUntil),
      breakerAllows: breakers?.allows(index, nowMs) ?? true,
    }))
  }

  #now(): number {
    return this.#clock.now()
  }

  #note(index: number, verdict: Verdict, attempt: Attempt): void {
    const isGood = verdict === 'good'
    if (verdict !== 'neither') this.ejections?.note(index, isGood, isGood ? 0 : this.#now(), attempt)
    if (this.breakers !== undefined) this.#noteBreaker(this.breakers, index, verdict, attempt)
  }

  #noteBreaker(breakers: Breakers, index: number, verdict: Verdict, attempt: Attempt): void {
    const own = this.#probes.get(index)
    if (own?.attempt !== attempt) return breakers.note(index, verdict, this.#now())
    this.#probes.delete(index)
    breakers.probeEnded(index, own.probe, verdict, this.#now())
  }

  #rest(index: number, outcome: Outcome): void {
    const { cells } = this
    const askedMs = outcome.ok ? retryAfterMs(outcome.response.headers, this.#clock) : outcome.failure.retryAfterMs
    const forMs = Math.min(askedMs ?? 0, this.options.rest)
    if (forMs <= 0 || this.targets.length < 2) return
    const nowMs = this.#now()
    const [until, wasUntil] = [nowMs + forMs, cells.timeOf(index, time.restsUntil)]
    if (until <= wasUntil) return
    cells.setTime(index, time.restsUntil, until)
    if (wasUntil <= nowMs) cells.add(index, field.rested, 1)
    cells.changed()
  }

  #refresh(): void {
    const { version } = this.cells
    if (version === this.#seenVersion) {
      if (this.#changesAtMs === Number.POSITIVE_INFINITY || this.#now() < this.#changesAtMs) return
    }
    this.#look(version)
  }

  #look(version: number): void {
    const { cells, breakers, targets } = this
    const nowMs = this.#now()
    this.#seenVersion = version
    this.#changesAtMs = Number.POSITIVE_INFINITY
    for (let index = 0; index < targets.length; index++) {
      this.#changesAt(cells.timeOf(index, time.restsUntil), nowMs)
      if (breakers !== undefined) this.#changesAt(breakers.allowsAtMs(index), nowMs)
    }
    const { available, isPanicking } = availabilityOf(this.conditions(nowMs), this.options.panic, nowMs)
    this.#isPanicking = isPanicking
    if (available.every((one, index) => one === this.#available[index])) return
    this.#available = available
    this.#version++
  }

  #changesAt(atMs: number, nowMs: number): void {
    if (atMs > nowMs && atMs < this.#changesAtMs) this.#changesAtMs = atMs
  }
}
