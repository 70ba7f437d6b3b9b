import type { RouteConfig } from '../config/schema.ts'
import type { Service } from '../core/service.ts'
import type { Callbacks } from '../flows/callback/callbacks.ts'
import type { CallbackOptions } from '../flows/callback/options.ts'
import { type Elsewhere, namesResult, receiveCallbacks } from '../flows/callback/receive.ts'
import { holdBody } from '../strategies/hold-body/hold-body.ts'
import { ownRoute } from './own-page.ts'
import type { RoutedHandler } from './router.ts'

export interface ReceiversOptions {
  readonly callbacks: Callbacks
  readonly wallNow: () => number
  readonly elsewhere?: Elsewhere | undefined
}

/** One way in which callbacks come in at a path. */
interface Way {
  readonly receive: CallbackOptions['receive']
  readonly maxBytes: number
  /** Undefined while the configuration has it. */
  untilMs: number | undefined
}

/**
 * Where callbacks come in, on the front. What a reload takes away, or has come in another way, stays until the last token
 * that was made for it has expired: somebody may wait for it, or have a ticket.
 */
export class Receivers {
  readonly #options: ReceiversOptions
  #ways: readonly Way[] = []

  constructor(options: ReceiversOptions) {
    this.#options = options
  }

  /** `tokenLifeMs`: how long a token may be good that was made until now. */
  update(routes: readonly RouteConfig[], tokenLifeMs: number): void {
    const now = this.#options.wallNow()
    const ways = waysOf(routes)
    const isIn = (way: Way): boolean => ways.some((other) => isSame(way, other))
    const former = this.#ways.filter((way) => !isIn(way) && (way.untilMs ?? now + tokenLifeMs) > now)
    for (const way of former) way.untilMs ??= now + tokenLifeMs
    this.#ways = [...ways, ...former]
  }

  /** One for each path; the ways that the configuration has go before former ones. */
  handlers(): readonly RoutedHandler[] {
    const byPath = Map.groupBy(this.#ways, ({ receive }) => receive.path)
    // Whoever waits while the gateway shuts down waits for these.
    const facts = { method: 'POST', what: 'receive', servesWhileDraining: true } as const
    return [...byPath].map(([path, ways]) => ownRoute({ ...facts, path, service: this.#serviceOf(ways) }))
  }

  #serviceOf(ways: readonly Way[]): Service {
    const services = ways.map(({ receive, maxBytes }) => ({
      names: namesResult(receive),
      service: receiveCallbacks({ ...this.#options, receive, maxBytes }),
    }))
    const [first] = services as [(typeof services)[number]]
    if (services.length === 1) return first.service
    const hold = holdBody(Math.max(...ways.map(({ maxBytes }) => maxBytes)))
    return hold((whole, call) => (services.find(({ names }) => names(whole)) ?? first).service(whole, call))
  }
}

/** Routes that share a path agree on how callbacks are read, as the configuration's check has seen to. */
function waysOf(routes: readonly RouteConfig[]): readonly Way[] {
  const options = routes.flatMap(({ callback }) => (callback === undefined ? [] : [callback]))
  return [...Map.groupBy(options, ({ receive }) => receive.path).values()].map((sharing) => ({
    receive: (sharing[0] as CallbackOptions).receive,
    maxBytes: Math.max(...sharing.map(({ maxAnswer }) => maxAnswer)),
    untilMs: undefined,
  }))
}

function isSame(one: Way, other: Way): boolean {
  return JSON.stringify(one.receive) === JSON.stringify(other.receive)
}
