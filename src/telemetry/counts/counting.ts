import type { Attempt, Target } from '../../core/attempt.ts'
import type { Call, RouteFacts } from '../../core/call.ts'
import { type CountedParts, Places } from './places.ts'
import { type RoutePlaces, routeKey } from './route-places.ts'
import { type TargetPlaces, targetKey } from './target-places.ts'

/**
 * What a thread counts into: one block, and the place of everything in it, found by what the events carry. A route's
 * facts and a target are objects that live as long as their configuration, so one look into a map finds all places of
 * theirs. That costs 8 ns; a key put together of route and outcome would cost 60 (`bench/micro/metrics.ts`).
 *
 * After a change of the configuration its successor counts, and calls that began before end there. The end of a call
 * goes to the same route as its beginning, or to none: not to a page as it is unknown, and not to a route that was away
 * for a time and is back, whose calls in flight are others. Hence each thing's `metIn` and each place's `bornIn`.
 */
export class Counting {
  readonly values: Float64Array
  readonly places: Places
  readonly #generation: number
  /** In which generation a route's facts, or a target, came by first. Shared by all generations. */
  readonly #metIn: WeakMap<object, number>
  /** Since which generation there is a place of this key without a break. */
  readonly #bornIn: ReadonlyMap<string, number>
  /** Those that have come by. */
  readonly #routes = new Map<RouteFacts, RoutePlaces>()
  readonly #targets = new Map<Target, TargetPlaces>()
  readonly #byKey: {
    readonly routes: ReadonlyMap<string, RoutePlaces>
    readonly targets: ReadonlyMap<string, TargetPlaces>
  }

  constructor(parts: CountedParts, block: ArrayBufferLike, before?: Counting) {
    this.places = new Places(parts)
    this.values = new Float64Array(block)
    const { layout, routes, targets } = this.places
    if (this.values.length !== layout.size) throw new Error('the block is for other routes or targets')
    this.#generation = before === undefined ? 0 : before.#generation + 1
    this.#metIn = before === undefined ? new WeakMap() : before.#metIn
    const bornBefore = before === undefined ? new Map<string, number>() : before.#bornIn
    const since = (key: string): number => bornBefore.get(key) ?? this.#generation
    this.#bornIn = new Map([...routes, ...targets].map(({ key }) => [key, since(key)]))
    this.#byKey = { routes: byKey(routes), targets: byKey(targets) }
  }

  route({ route }: Call): RoutePlaces {
    return this.#routes.get(route) ?? this.#meetRoute(route)
  }

  /** A target that the configuration does not have is none of ours. */
  target({ target }: Attempt): TargetPlaces | undefined {
    return this.#targets.get(target) ?? this.#meetTarget(target)
  }

  #meetRoute(facts: RouteFacts): RoutePlaces {
    const found = this.#meet(facts, this.#byKey.routes.get(routeKey(facts)))
    if (found === undefined && this.#metIn.has(facts)) return this.places.gone
    const places = found ?? this.places.pages
    // Facts that are made anew for each call must not fill the map: there is room for one of each route and page.
    if (this.#routes.size < 2 * this.places.routes.length + 8) this.#routes.set(facts, places)
    return places
  }

  #meetTarget(target: Target): TargetPlaces | undefined {
    const places = this.#meet(target, this.#byKey.targets.get(targetKey(target)))
    if (places !== undefined && this.#targets.size < 2 * this.places.targets.length) this.#targets.set(target, places)
    return places
  }

  /** Undefined where its place was not there all the time since it was met. */
  #meet<P extends { readonly key: string }>(thing: object, places: P | undefined): P | undefined {
    if (places === undefined) return undefined
    const metIn = this.#metIn.get(thing)
    if (metIn === undefined) this.#metIn.set(thing, this.#generation)
    return (metIn ?? this.#generation) < (this.#bornIn.get(places.key) ?? 0) ? undefined : places
  }
}

function byKey<P extends { readonly key: string }>(all: readonly P[]): ReadonlyMap<string, P> {
  return new Map(all.map((places) => [places.key, places]))
}
