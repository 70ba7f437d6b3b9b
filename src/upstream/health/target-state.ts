import type { BreakerState, OutReason } from '../../core/target-event.ts'
import { field, time } from './health-cells.ts'
import type { UpstreamHealth } from './upstream-health.ts'

/** State of a target at one moment; times on the gateway's clock. */
export interface TargetState {
  readonly isAvailable: boolean
  readonly out: readonly { readonly why: OutReason; readonly untilMs: number | undefined }[]
  readonly isEjected: boolean
  readonly isResting: boolean
  readonly breaker: BreakerState | undefined
  readonly ejectedForFailures: number
  readonly ejectedForRate: number
  readonly rested: number
}

export function stateOf(health: UpstreamHealth, index: number, nowMs: number): TargetState {
  const { cells, ejections, breakers, options } = health
  const out: TargetState['out'][number][] = []
  const isEjected = ejections?.isEjected(index) ?? false
  const restsUntilMs = cells.timeOf(index, time.restsUntil)
  const breaker = breakers?.state(index, nowMs)
  if (isEjected) out.push({ why: 'ejected', untilMs: cells.timeOf(index, time.ejectedUntil) })
  if (options.health !== undefined && cells.get(index, field.unhealthy) === 1) {
    out.push({ why: 'unhealthy', untilMs: undefined })
  }
  if (restsUntilMs > nowMs) out.push({ why: 'resting', untilMs: restsUntilMs })
  if (breaker === 'open') out.push({ why: 'breaker_open', untilMs: breakers?.allowsAtMs(index) })
  return {
    isAvailable: health.isAvailable(index),
    out,
    isEjected,
    isResting: restsUntilMs > nowMs,
    breaker,
    ejectedForFailures: cells.get(index, field.ejectedForFailures),
    ejectedForRate: cells.get(index, field.ejectedForRate),
    rested: cells.get(index, field.rested),
  }
}
