import type { Target } from '../../core/attempt.ts'
import type { TargetService } from '../../core/service.ts'
import type { BreakerState, TargetEvent } from '../../core/target-event.ts'
import type { Timer } from '../../kit/clock.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { ActiveChecks, type CheckResult } from './active-checks.ts'
import { afterCheck, type CheckCount } from './check-count.ts'
import { field, time } from './health-cells.ts'
import { outcomeText } from './last-outcome.ts'
import { stateOf, type TargetState } from './target-state.ts'
import type { UpstreamHealth } from './upstream-health.ts'

export interface KeeperOptions extends Pick<Runtime, 'clock' | 'random'> {
  /** Sends active checks to the targets. */
  readonly send: TargetService
  readonly tell: (event: TargetEvent) => void
  /** Checks availability for slow start, which must see each change even when no worker has a call. */
  readonly look?: () => void
}

export interface LastCheck extends CheckResult {
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** Maximum delay before a change by another thread is reported. */
const lookMs = 1000

/** Health work done once for all threads: checks targets, brings back ejected ones, and reports changes. */
export class HealthKeeper {
  readonly health: UpstreamHealth
  readonly #options: KeeperOptions
  readonly #checks: ActiveChecks | undefined
  readonly #counts: CheckCount[]
  readonly #lastChecks: (LastCheck | undefined)[]
  #seen: readonly TargetState[]
  #sweptAtMs: number
  #timer: Timer | undefined

  constructor(health: UpstreamHealth, options: KeeperOptions) {
    const { clock } = options
    const { cells, targets } = health
    this.health = health
    this.#options = options
    this.#counts = targets.map((_, index) => ({ isUnhealthy: cells.get(index, field.unhealthy) === 1, against: 0 }))
    this.#lastChecks = targets.map(() => undefined)
    // State from before this keeper: of targets that stay across a reload, or return with a later one.
    health.ejections?.release(clock.now())
    this.#seen = this.states()
    this.#sweptAtMs = clock.now()
    if (health.options.health !== undefined) {
      const onResult = (index: number, result: CheckResult): void => this.#checked(index, result)
      this.#checks = new ActiveChecks({ ...options, targets, options: health.options.health, onResult })
    }
    this.#wait()
  }

  get targets(): readonly Target[] {
    return this.health.targets
  }

  lastCheck(index: number): LastCheck | undefined {
    return this.#lastChecks[index]
  }

  states(): readonly TargetState[] {
    const nowMs = this.#options.clock.now()
    return this.targets.map((_, index) => stateOf(this.health, index, nowMs))
  }

  close(): void {
    this.#timer?.cancel()
    this.#checks?.close()
  }

  #wait(): void {
    this.#timer = this.#options.clock.after(lookMs, () => {
      this.#look()
      this.#wait()
    })
  }

  #look(): void {
    const { outlier } = this.health.options
    const { clock, look } = this.#options
    const nowMs = clock.now()
    // Before the sweep: a target whose ejection is already over is first reported as ejected, then as back.
    this.#tellChanges()
    look?.()
    if (outlier === 'off' || nowMs - this.#sweptAtMs < outlier.interval) return
    this.#sweptAtMs = nowMs
    this.health.ejections?.sweep(nowMs)
    this.#tellChanges()
    look?.()
  }

  #checked(index: number, result: CheckResult): void {
    const { clock, tell, look } = this.#options
    const { cells, options, targets } = this.health
    if (options.health === undefined) return
    cells.add(index, result.isGood ? field.checksGood : field.checksBad, 1)
    this.#lastChecks[index] = { ...result, atMs: clock.wallNow() }
    const before = this.#counts[index] as CheckCount
    const count = afterCheck(before, result.isGood, options.health)
    this.#counts[index] = count
    if (count.isUnhealthy === before.isUnhealthy) return
    cells.set(index, field.unhealthy, count.isUnhealthy ? 1 : 0)
    cells.changed()
    look?.()
    const target = targets[index] as Target
    tell({ type: 'target.health', target, isHealthy: !count.isUnhealthy, detail: result.detail })
  }

  #tellChanges(): void {
    const before = this.#seen
    this.#seen = this.states()
    for (const [index, state] of this.#seen.entries()) this.#tellChange(index, before[index] as TargetState, state)
  }

  #tellChange(index: number, before: TargetState, now: TargetState): void {
    const { tell, clock } = this.#options
    const { cells } = this.health
    const target = this.targets[index] as Target
    const isAnew = now.ejectedForFailures > before.ejectedForFailures || now.ejectedForRate > before.ejectedForRate
    if (isAnew) {
      const because = now.ejectedForFailures > before.ejectedForFailures ? 'failures' : 'success_rate'
      const forMs = Math.max(0, cells.timeOf(index, time.ejectedUntil) - clock.now())
      tell({ type: 'target.ejected', target, because, forMs, ...(because === 'failures' && this.#inARow(index)) })
    }
    if (now.rested > before.rested) {
      const forMs = Math.max(0, cells.timeOf(index, time.restsUntil) - clock.now())
      tell({ type: 'target.ejected', target, because: 'retry_after', forMs })
    }
    const isBack = (before.isEjected || isAnew) && !now.isEjected
    const isRested = (before.isResting || now.rested > before.rested) && !now.isResting
    if (isBack || (isRested && !now.isEjected)) {
      const stillOut = now.out.map(({ why }) => why)
      tell({ type: 'target.returned', target, was: isBack ? 'ejected' : 'resting', stillOut })
    }
    const [from, to] = [before.breaker, now.breaker]
    if (from === undefined || to === undefined || from === to) return
    tell({ type: 'breaker.changed', target, from, to, ...(to === 'open' && this.#opening(index, from)) })
  }

  #inARow(index: number): Pick<TargetEvent & { readonly type: 'target.ejected' }, 'inARow' | 'last'> {
    const { cells, options } = this.health
    const last = outcomeText(cells.get(index, field.ejectedWith))
    return {
      ...(options.outlier !== 'off' && { inARow: options.outlier.failures }),
      ...(last !== undefined && { last }),
    }
  }

  #opening(
    index: number,
    from: BreakerState,
  ): Pick<TargetEvent & { readonly type: 'breaker.changed' }, 'forMs' | 'opening'> {
    const { breakers, options } = this.health
    if (breakers === undefined || options.breaker === undefined) return {}
    // After a failed probe, the window is not the reason that it opened.
    return { forMs: options.breaker.open, ...(from === 'closed' && { opening: breakers.opening(index) }) }
  }
}
