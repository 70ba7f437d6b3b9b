import type { Attempt, Target } from '../../core/attempt.ts'
import type { Call, RouteFacts } from '../../core/call.ts'
import { Cells, type CountedParts } from './cells.ts'
import { type RouteCells, routeKey } from './route-cells.ts'
import { type TargetCells, targetKey } from './target-cells.ts'

/**
 * The block of one thread and the cells in it, looked up by the objects that events carry. Route facts and targets live
 * as long as their configuration, so one map lookup finds all their cells. It costs 8 ns; a key built from route and
 * outcome would cost 60 (`bench/micro/metrics.ts`).
 *
 * After a configuration change the successor counts, including the ends of earlier calls. The end of a call is counted
 * at the route of its beginning or not at all: not as a page because the route is unknown, and not at a route that was
 * removed and added again, whose calls in flight are different ones. Hence `metIn` for each object and `bornIn` for
 * each cell.
 */
export class Counting {
  readonly values: Float64Array
  readonly cells: Cells
  readonly #generation: number
  /** Generation in which a route's facts or a target were first seen. Shared by all generations. */
  readonly #metIn: WeakMap<object, number>
  /** Generation since which this key has had a cell without interruption. */
  readonly #bornIn: ReadonlyMap<string, number>
  /** Routes seen so far. */
  readonly #routes = new Map<RouteFacts, RouteCells>()
  readonly #targets = new Map<Target, TargetCells>()
  readonly #byKey: {
    readonly routes: ReadonlyMap<string, RouteCells>
    readonly targets: ReadonlyMap<string, TargetCells>
  }

  constructor(parts: CountedParts, block: ArrayBufferLike, before?: Counting) {
    this.cells = new Cells(parts)
    this.values = new Float64Array(block)
    const { layout, routes, targets } = this.cells
    if (this.values.length !== layout.size) throw new Error('the block is for other routes or targets')
    this.#generation = before === undefined ? 0 : before.#generation + 1
    this.#metIn = before === undefined ? new WeakMap() : before.#metIn
    const bornBefore = before === undefined ? new Map<string, number>() : before.#bornIn
    const since = (key: string): number => bornBefore.get(key) ?? this.#generation
    this.#bornIn = new Map([...routes, ...targets].map(({ key }) => [key, since(key)]))
    this.#byKey = { routes: byKey(routes), targets: byKey(targets) }
  }

  route({ route }: Call): RouteCells {
    return this.#routes.get(route) ?? this.#meetRoute(route)
  }

  /** Undefined for a target outside the configuration. */
  target({ target }: Attempt): TargetCells | undefined {
    return this.#targets.get(target) ?? this.#meetTarget(target)
  }

  #meetRoute(facts: RouteFacts): RouteCells {
    const found = this.#meet(facts, this.#byKey.routes.get(routeKey(facts)))
    if (found === undefined && this.#metIn.has(facts)) return this.cells.gone
    const cells = found ?? this.cells.pages
    // Facts that are created for each call must not fill the map: it holds one entry for each route and page.
    if (this.#routes.size < 2 * this.cells.routes.length + 8) this.#routes.set(facts, cells)
    return cells
  }

  #meetTarget(target: Target): TargetCells | undefined {
    const cells = this.#meet(target, this.#byKey.targets.get(targetKey(target)))
    if (cells !== undefined && this.#targets.size < 2 * this.cells.targets.length) this.#targets.set(target, cells)
    return cells
  }

  /** Undefined if its cell has not existed without interruption since the object was first seen. */
  #meet<P extends { readonly key: string }>(thing: object, cells: P | undefined): P | undefined {
    if (cells === undefined) return undefined
    const metIn = this.#metIn.get(thing)
    if (metIn === undefined) this.#metIn.set(thing, this.#generation)
    return (metIn ?? this.#generation) < (this.#bornIn.get(cells.key) ?? 0) ? undefined : cells
  }
}

function byKey<P extends { readonly key: string }>(all: readonly P[]): ReadonlyMap<string, P> {
  return new Map(all.map((cells) => [cells.key, cells]))
}
