import { type Failure, failure } from '../core/failure.ts'
import type { HeaderPairs } from '../core/headers.ts'
import type { CallTrace } from '../core/trace.ts'
import type { Clock } from '../kit/clock.ts'
import type { DeliveryStore, LegState } from '../store/delivery-store.ts'
import { Delivery, type Place } from './delivery.ts'
import type { DeliveryRoutes } from './delivery-route.ts'
import type { Saver } from './persister.ts'
import type { Attempts } from './sender.ts'

/** `replay`: send dead legs again, with attempts counted from 0. `discard`: give up dead or pending legs. */
export type Operation = 'replay' | 'discard'

/** Selects legs of a delivery. */
export interface OnlyLegs {
  readonly target?: string | undefined
  readonly state?: LegState | undefined
}

/** Selects deliveries and their legs. */
export interface OperateFilter extends OnlyLegs {
  readonly route?: string | undefined
}

export interface Operated {
  readonly deliveries: number
  readonly legs: number
  /** Why it stopped early; operations that the store did not accept at once still take effect. */
  readonly refused: Failure | undefined
}

export interface OperatorOptions {
  readonly store: DeliveryStore
  readonly clock: Clock
  /** Deliveries under way, by id. The operator adds those that it resumes. */
  readonly active: Map<string, Delivery>
  readonly routes: DeliveryRoutes
  readonly attempts: Attempts
  readonly saver: Saver
  readonly resumedTraceOf: (headers: HeaderPairs) => CallTrace | undefined
}

/** Requests read at once: the first are sent while others are read. */
const operatedAtOnce = 200
const listedAtOnce = 500

/** Operator actions on deliveries, under way or not. */
export class Operator {
  readonly #options: OperatorOptions

  constructor(options: OperatorOptions) {
    this.#options = options
  }

  /**
   * Returns the number of affected legs, once the change is on disk; undefined if there is no such delivery. A change
   * that the disk did not accept at once still takes effect. Discarding cancels an attempt under way.
   */
  async operate(id: string, what: Operation, only: OnlyLegs = {}): Promise<number | Failure | undefined> {
    const delivery = await this.#find(id)
    return delivery instanceof Delivery ? this.#operate(delivery, what, only) : delivery
  }

  /**
   * The same for every delivery that matches the filter, which selects dead letters unless it names a state. Takes the
   * deliveries present at the start, oldest first, so that targets get the writes of a lane in the order of acceptance.
   */
  async operateAll(what: Operation, filter: OperateFilter): Promise<Operated | Failure> {
    const only = { target: filter.target, state: filter.state ?? 'dead' }
    const ids = await this.#oldestFirst({ ...filter, ...only })
    if ('code' in ids) return ids
    const total = { deliveries: 0, legs: 0, refused: undefined }
    for (let from = 0; from < ids.length; from += operatedAtOnce) {
      const page = ids.slice(from, from + operatedAtOnce)
      const loaded = await Promise.all(page.map((id) => this.#find(id)))
      // All join their lanes in this one step: a delivery in memory must not overtake one that had to be read.
      const counts = await Promise.all(
        loaded.map(async (delivery) => (delivery instanceof Delivery ? this.#operate(delivery, what, only) : delivery)),
      )
      for (const count of counts) {
        if (typeof count === 'object') return { ...total, refused: count }
        if (count === undefined || count === 0) continue
        total.deliveries++
        total.legs += count
      }
    }
    return total
  }

  /** Takes effect before its first `await`; a cancelled attempt ends later. */
  async #operate(delivery: Delivery, what: Operation, { target, state }: OnlyLegs): Promise<number | Failure> {
    const { active, routes, attempts, saver } = this.#options
    // Another call may have loaded it meanwhile.
    const current = active.get(delivery.id) ?? delivery
    active.set(delivery.id, current)
    const places = current.places.filter(
      ({ leg }) => (target ?? leg.target) === leg.target && (state ?? leg.state) === leg.state,
    )
    const count = what === 'replay' ? replay(places, routes, attempts) : await discard(places, attempts)
    if (what === 'discard' && count > 0) current.died()
    return (await saver.saved(current)) ?? count
  }

  async #find(id: string): Promise<Delivery | Failure | 0 | undefined> {
    const { active, store, clock, resumedTraceOf } = this.#options
    const underWay = active.get(id)
    if (underWay !== undefined) return underWay
    const stored = await store.find(id)
    if (stored === undefined || 'code' in stored) return stored
    // A finished delivery is kept without its request: there is nothing left to do.
    if (stored.request === undefined) return 0
    const { request, sequence } = stored
    return new Delivery({ ...stored, request }, sequence, clock.now(), resumedTraceOf(request.headers))
  }

  /** The ids of all matches. The store's pages begin with the newest. */
  async #oldestFirst({ target, route, state }: OperateFilter): Promise<readonly string[] | Failure> {
    const ids: string[] = []
    const filter = {
      ...(state !== undefined && { state }),
      ...(target !== undefined && { target }),
      ...(route !== undefined && { route }),
      limit: listedAtOnce,
    }
    for (let beforeSequence = Number.POSITIVE_INFINITY; ; ) {
      const page = await this.#options.store.list({ ...filter, beforeSequence })
      if ('code' in page) return page
      for (const { id } of page.deliveries) ids.push(id)
      const last = page.deliveries.at(-1)
      if (!page.more || last === undefined) return ids.reverse()
      beforeSequence = last.sequence
    }
  }
}

/** Skips legs whose target or route is gone. Returns the number replayed. */
function replay(places: readonly Place[], routes: DeliveryRoutes, attempts: Attempts): number {
  const dead = places.filter((place) => place.leg.phase === 'dead' && routes.missing(place) === undefined)
  for (const place of dead) {
    place.leg.replay()
    if (place.released) {
      place.released = false
      attempts.join(place)
    } else {
      // Its death is not on disk yet, so it still has its position in its lane.
      attempts.rejoin(place)
    }
  }
  return dead.length
}

/** Discards legs that are dead or not yet answered, and cancels attempts under way. Returns the number discarded. */
async function discard(places: readonly Place[], attempts: Attempts): Promise<number> {
  const underWay = places.filter(({ leg }) => leg.phase === 'sending')
  const others = places.filter((place) => attempts.discard(place))
  for (const place of underWay) {
    place.discarding = true
    place.sending?.call.abort(failure('CANCELLED', 'Discarded by an operator'))
  }
  for (const { sending } of underWay) await sending?.ended
  return others.length + underWay.filter(({ leg }) => leg.phase === 'discarded').length
}
