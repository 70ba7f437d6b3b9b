import type { LegState, StoredDelivery, StoredLeg } from '../store/delivery-store.ts'
import type { Delivery } from './delivery.ts'
import type { DeliveryView, LegView } from './delivery-schema.ts'

export type { DeliveryView, LegView as TargetView }

/** For a delivery under way, the state in memory takes precedence over the stored state. */
export function viewOf(stored: StoredDelivery, active: Delivery | undefined): DeliveryView {
  const legs = active === undefined ? stored.legs : active.legs.map((leg) => leg.stored())
  const waitsFor = (index: number): LegView['waitsFor'] => {
    const phase = active?.legs[index]?.phase
    return phase === 'queued' ? 'turn' : phase === 'waiting' ? 'time' : undefined
  }
  return {
    id: stored.id,
    route: stored.route,
    state: stateOf(legs),
    createdAt: isoTime(stored.createdAt),
    finishedAt: stored.finishedAt === undefined ? undefined : isoTime(stored.finishedAt),
    targets: legs.map(({ target, state, attempts, nextAttemptAt, outcome, status, detail }, index) => ({
      target,
      state,
      attempts,
      waitsFor: waitsFor(index),
      nextAttemptAt: nextAttemptAt === undefined ? undefined : isoTime(nextAttemptAt),
      outcome,
      status,
      detail,
    })),
  }
}

function stateOf(legs: readonly StoredLeg[]): LegState {
  const worstFirst = ['pending', 'dead', 'discarded'] as const
  return worstFirst.find((state) => legs.some((leg) => leg.state === state)) ?? 'acknowledged'
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString()
}
