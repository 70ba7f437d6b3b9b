import type { DeliveryFilter, StoredLeg } from './delivery-store.ts'

/** Whether a delivery matches the filter; ignores `beforeSequence`. */
export function matchesFilter(
  route: string,
  legs: readonly Pick<StoredLeg, 'target' | 'state'>[],
  { route: wantedRoute, state, target }: Omit<DeliveryFilter, 'limit'>,
): boolean {
  if (wantedRoute !== undefined && route !== wantedRoute) return false
  if (state === undefined && target === undefined) return true
  return legs.some(
    (leg) => (state === undefined || leg.state === state) && (target === undefined || leg.target === target),
  )
}
