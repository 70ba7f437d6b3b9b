import { isDeepStrictEqual } from 'node:util'
import type { Balancer } from '../balance/balancer.ts'
import { roundRobin } from '../balance/round-robin.ts'
import type { UpstreamConfig } from '../config/schema.ts'
import { targetsOf } from '../config/targets.ts'
import type { Target } from '../core/attempt.ts'
import type { Service } from '../core/service.ts'
import { ActiveBudget } from '../kit/budgets.ts'
import type { Clock } from '../kit/clock.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import type { RetryOptions } from '../strategies/retry/options.ts'
import { type HttpClient, httpClient } from '../transport/client/http-client.ts'

/** What all routes that ask the same upstream share: its balancer's turn, its connections, its budget. */
export class Upstream {
  readonly name: string
  readonly config: UpstreamConfig
  readonly targets: readonly Target[]
  readonly balancer: Balancer
  readonly client: HttpClient
  readonly #memory: MemoryScope
  readonly #retryBudgets = new Map<string, ActiveBudget>()

  constructor(name: string, config: UpstreamConfig, clock: Clock, memory: MemoryScope) {
    this.name = name
    this.config = config
    this.#memory = memory
    this.targets = targetsOf(name, config)
    this.balancer = roundRobin(this.targets, memory)
    this.client = httpClient({
      clock,
      connections: { connectTimeoutMs: config.connectTimeout, keepAliveMs: config.keepAlive },
    })
  }

  get send(): Service {
    return this.client.send
  }

  /** Routes that give the same figures share one budget. */
  retryBudget({ budget, minBudget }: RetryOptions): ActiveBudget {
    const key = `${budget} ${minBudget}`
    let shared = this.#retryBudgets.get(key)
    if (shared === undefined) {
      shared = new ActiveBudget({ share: budget, floor: minBudget }, this.#memory.scope(`retries ${key}`))
      this.#retryBudgets.set(key, shared)
    }
    return shared
  }
}

export type Upstreams = ReadonlyMap<string, Upstream>

/** Those of a configuration. What it has unchanged from the one before goes on as it is, with its connections. */
export function upstreamsOf(
  configs: Readonly<Record<string, UpstreamConfig>>,
  make: (name: string, config: UpstreamConfig) => Upstream,
  before: Upstreams = new Map(),
): Upstreams {
  const entries = Object.entries(configs).map(([name, config]) => {
    const known = before.get(name)
    const isSame = known !== undefined && isDeepStrictEqual(known.config, config)
    return [name, isSame ? known : make(name, config)] as const
  })
  return new Map(entries)
}

/** The one of this name, which the configuration's check has seen to be there. */
export function upstreamIn(upstreams: Upstreams): (name: string) => Upstream {
  return (name) => {
    const found = upstreams.get(name)
    if (found === undefined) throw new Error(`the upstream ${name} got past the configuration's check`)
    return found
  }
}
