import type { StoredDelivery, StoredLeg } from '../../store/delivery-store.ts'
import type { Delivery } from './delivery.ts'

/** A delivery as people and programs see it; times in ISO 8601. */
export interface DeliveryView {
  readonly id: string
  readonly route: string
  readonly state: 'pending' | 'finished'
  readonly createdAt: string
  readonly finishedAt: string | undefined
  readonly targets: readonly TargetView[]
}

export interface TargetView {
  readonly target: string
  readonly state: StoredLeg['state']
  readonly attempts: number
  readonly nextAttemptAt: string | undefined
  readonly outcome: string | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
}

/** Where it is under way, what is known now goes before what was last written. */
export function viewOf(stored: StoredDelivery, active: Delivery | undefined): DeliveryView {
  const legs = active === undefined ? stored.legs : active.places.map(({ leg }) => leg.stored())
  return {
    id: stored.id,
    route: stored.route,
    state: legs.some(({ state }) => state === 'pending') ? 'pending' : 'finished',
    createdAt: isoTime(stored.createdAt),
    finishedAt: stored.finishedAt === undefined ? undefined : isoTime(stored.finishedAt),
    targets: legs.map(({ target, state, attempts, nextAttemptAt, outcome, status, detail }) => ({
      target,
      state,
      attempts,
      nextAttemptAt: nextAttemptAt === undefined ? undefined : isoTime(nextAttemptAt),
      outcome,
      status,
      detail,
    })),
  }
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString()
}
