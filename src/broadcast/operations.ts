import { type Failure, failure } from '../core/failure.ts'
import type { HeaderPairs } from '../core/headers.ts'
import { ok, type Result } from '../core/result.ts'
import type { CallTrace } from '../core/trace.ts'
import type { Clock } from '../kit/clock.ts'
import type { DeliveryStore, LegState } from '../store/delivery-store.ts'
import { Delivery, type DeliveryLeg } from './delivery.ts'
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

type Found =
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  /** It is kept without its request: there is nothing left to do. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'missing' }

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
  async operate(id: string, what: Operation, only: OnlyLegs = {}): Promise<Result<number | undefined>> {
    return this.#operateFound(await this.#find(id), what, only)
  }

  /**
   * The same for every delivery that matches the filter, which selects dead letters unless it names a state. Takes the
   * deliveries present at the start, oldest first, so that targets get the writes of a lane in the order of acceptance.
   */
  async operateAll(what: Operation, filter: OperateFilter): Promise<Result<Operated>> {
    const only = { target: filter.target, state: filter.state ?? 'dead' }
    const ids = await this.#oldestFirst({ ...filter, ...only })
    if (!ids.ok) return ids
    const total = { deliveries: 0, legs: 0, refused: undefined }
    for (let from = 0; from < ids.value.length; from += operatedAtOnce) {
      const page = ids.value.slice(from, from + operatedAtOnce)
      const loaded = await Promise.all(page.map((id) => this.#find(id)))
      // All join their lanes in this one step: a delivery in memory must not overtake one that had to be read.
      const counts = await Promise.all(loaded.map((found) => this.#operateFound(found, what, only)))
      for (const count of counts) {
        if (!count.ok) return ok({ ...total, refused: count.failure })
        if (count.value === undefined || count.value === 0) continue
        total.deliveries++
        total.legs += count.value
      }
    }
    return ok(total)
  }

  async #operateFound(found: Result<Found>, what: Operation, only: OnlyLegs): Promise<Result<number | undefined>> {
    if (!found.ok) return found
    const { value } = found
    if (value.kind === 'delivery') return this.#operate(value.delivery, what, only)
    return ok(value.kind === 'finished' ? 0 : undefined)
  }

  /** Takes effect before its first `await`; a cancelled attempt ends later. */
  async #operate(delivery: Delivery, what: Operation, { target, state }: OnlyLegs): Promise<Result<number>> {
    const { active, routes, attempts, saver } = this.#options
    // Another call may have loaded it meanwhile.
    const current = active.get(delivery.id) ?? delivery
    active.set(delivery.id, current)
    const legs = current.legs.filter(
      (leg) => (target ?? leg.target) === leg.target && (state ?? leg.state) === leg.state,
    )
    const count = what === 'replay' ? replay(legs, routes, attempts) : await discard(legs, attempts)
    if (what === 'discard' && count > 0) current.died()
    const saved = await saver.saved(current)
    return saved.ok ? ok(count) : saved
  }

  async #find(id: string): Promise<Result<Found>> {
    const { active, store, clock, resumedTraceOf } = this.#options
    const underWay = active.get(id)
    if (underWay !== undefined) return ok({ kind: 'delivery', delivery: underWay })
    const found = await store.find(id)
    if (!found.ok) return found
    const stored = found.value
    if (stored === undefined) return ok({ kind: 'missing' })
    const { request, sequence } = stored
    if (request === undefined) return ok({ kind: 'finished' })
    const trace = resumedTraceOf(request.headers)
    return ok({ kind: 'delivery', delivery: new Delivery({ ...stored, request }, sequence, clock.now(), trace) })
  }

  /** The ids of all matches. The store's pages begin with the newest. */
  async #oldestFirst({ target, route, state }: OperateFilter): Promise<Result<readonly string[]>> {
    const ids: string[] = []
    const filter = {
      ...(state !== undefined && { state }),
      ...(target !== undefined && { target }),
      ...(route !== undefined && { route }),
      limit: listedAtOnce,
    }
    for (let beforeSequence = Number.POSITIVE_INFINITY; ; ) {
      const page = await this.#options.store.list({ ...filter, beforeSequence })
      if (!page.ok) return page
      const { deliveries, more } = page.value
      for (const { id } of deliveries) ids.push(id)
      const last = deliveries.at(-1)
      if (!more || last === undefined) return ok(ids.reverse())
      beforeSequence = last.sequence
    }
  }
}

/** Skips legs whose target or route is gone. Returns the number replayed. */
function replay(legs: readonly DeliveryLeg[], routes: DeliveryRoutes, attempts: Attempts): number {
  const dead = legs.filter((leg) => leg.phase === 'dead' && routes.missing(leg) === undefined)
  for (const leg of dead) {
    leg.replay()
    if (leg.position === undefined) attempts.join(leg)
    // Its death is not on disk yet, so it still has its position in its lane.
    else attempts.rejoin(leg)
  }
  return dead.length
}

/** Discards legs that are dead or not yet answered, and cancels attempts under way. Returns the number discarded. */
async function discard(legs: readonly DeliveryLeg[], attempts: Attempts): Promise<number> {
  const underWay = legs.filter(({ attempt }) => attempt !== undefined)
  const others = legs.filter((leg) => attempts.discard(leg))
  const ends = underWay.map(async (leg) => {
    const { attempt } = leg
    if (attempt === undefined) return
    leg.discardAfterAttempt()
    attempt.call.abort(failure('CANCELLED', 'An operator has discarded it'))
    await attempt.ended
  })
  await Promise.all(ends)
  return others.length + underWay.filter(({ phase }) => phase === 'discarded').length
}
