import type { CallbackConfig, CallbackRoute } from './callback-config.ts'
import type { CallbackOptions } from './options.ts'
import { tokenLifeMs } from './signing-keys.ts'

/** One way in which callbacks come in at a path: plain data, as every thread is told of it. */
export interface ReceiveEndpoint {
  readonly receive: CallbackOptions['receive']
  readonly maxAnswer: number
  /** Wall clock; undefined while the configuration has it. */
  readonly untilMs: number | undefined
}

/**
 * Where callbacks come in, now and for a while yet: what a reload takes away, or has come in another way, stays until the
 * last token that was made for it has expired, as somebody may wait for it, or have a ticket. Kept once, so that a thread
 * that begins after the reload knows it too.
 */
export class ReceiveEndpoints {
  readonly #wallNow: () => number
  #endpoints: readonly ReceiveEndpoint[] = []
  /** How long a token may be good that was made until now. */
  #lifeMs = 0

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow
  }

  /** Those that the configuration has go before former ones. */
  get current(): readonly ReceiveEndpoint[] {
    return this.#endpoints
  }

  update(config: CallbackConfig): void {
    const now = this.#wallNow()
    const endpoints = endpointsOf(config.routes)
    const lastMs = now + this.#lifeMs
    const former = this.#endpoints
      .filter((way) => !endpoints.some((other) => isSame(way, other)))
      .map(({ receive, maxAnswer, untilMs = lastMs }) => ({ receive, maxAnswer, untilMs }))
      .filter(({ untilMs }) => untilMs > now)
    this.#endpoints = [...endpoints, ...former]
    this.#lifeMs = Math.max(this.#lifeMs, tokenLifeMs(config))
  }
}

/** Routes that share a path agree on how callbacks are read, as the configuration's check has seen to. */
function endpointsOf(routes: readonly CallbackRoute[]): readonly ReceiveEndpoint[] {
  const options = routes.map(({ callback }) => callback)
  return [...Map.groupBy(options, ({ receive }) => receive.path).values()].map((sharing) => ({
    receive: (sharing[0] as CallbackOptions).receive,
    maxAnswer: Math.max(...sharing.map(({ maxAnswer }) => maxAnswer)),
    untilMs: undefined,
  }))
}

function isSame(one: ReceiveEndpoint, other: ReceiveEndpoint): boolean {
  return one.maxAnswer === other.maxAnswer && JSON.stringify(one.receive) === JSON.stringify(other.receive)
}
