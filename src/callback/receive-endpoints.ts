import type { Change } from '../kit/reload.ts'
import type { CallbackConfig, CallbackRoute } from './callback-config.ts'
import type { CallbackOptions } from './options.ts'
import { tokenLifeMs } from './signing-keys.ts'

/** One way to read callbacks at a path; plain data, because it is sent to every thread. */
export interface ReceiveEndpoint {
  readonly receive: CallbackOptions['receive']
  readonly maxAnswer: number
  /** Wall clock; undefined while it is in the configuration. */
  readonly untilMs: number | undefined
}

export interface EndpointsChange extends Change {
  readonly endpoints: readonly ReceiveEndpoint[]
}

/**
 * Callback endpoints of now and of earlier configurations. An endpoint that a reload removes or changes stays until the
 * last token made for it has expired, because a client may wait for it or hold a ticket. Kept in one process-wide
 * object, so that a thread started after the reload knows it too.
 */
export class ReceiveEndpoints {
  readonly #wallNow: () => number
  #endpoints: readonly ReceiveEndpoint[] = []
  /** The longest life of any token made so far. */
  #lifeMs = 0

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow
  }

  /** Endpoints of the configuration come before former ones. */
  get current(): readonly ReceiveEndpoint[] {
    return this.#endpoints
  }

  prepare(config: CallbackConfig): EndpointsChange {
    const now = this.#wallNow()
    const own = endpointsOf(config.routes)
    const lastMs = now + this.#lifeMs
    const former = this.#endpoints
      .filter((way) => !own.some((other) => isSame(way, other)))
      .map(({ receive, maxAnswer, untilMs = lastMs }) => ({ receive, maxAnswer, untilMs }))
      .filter(({ untilMs }) => untilMs > now)
    const endpoints = [...own, ...former]
    return {
      endpoints,
      commit: () => {
        this.#endpoints = endpoints
        this.#lifeMs = Math.max(this.#lifeMs, tokenLifeMs(config))
      },
      rollback: () => {},
    }
  }
}

/** Routes that share a path read callbacks the same way: the configuration check ensures it. */
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
