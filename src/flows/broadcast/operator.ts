import { failure } from '../../core/failure.ts'
import type { Attempts } from './attempts.ts'
import type { Place } from './delivery.ts'
import type { DeliveryRoutes } from './delivery-route.ts'

/** What is dead is sent again, its attempts counted anew, where there still is somebody to send it to. Answers how many. */
export function replay(places: readonly Place[], routes: DeliveryRoutes, attempts: Attempts): number {
  const dead = places.filter((place) => place.leg.phase === 'dead' && routes.missing(place) === undefined)
  for (const place of dead) {
    place.leg.replay()
    if (place.released) {
      place.released = false
      attempts.join(place)
    } else {
      // That it was dead is not on disk yet, so that it still has its place in its lane.
      attempts.rejoin(place)
    }
  }
  return dead.length
}

/** What is dead or not yet answered is given up, an attempt under way cut off. Answers how many. */
export async function discardAll(places: readonly Place[], attempts: Attempts): Promise<number> {
  const underWay = places.filter(({ leg }) => leg.phase === 'sending')
  const others = places.filter((place) => attempts.discard(place))
  for (const place of underWay) {
    place.discarding = true
    place.sending?.call.abort(failure('CANCELLED', 'An operator has discarded it'))
  }
  for (const { sending } of underWay) await sending?.ended
  return others.length + underWay.filter(({ leg }) => leg.phase === 'discarded').length
}
