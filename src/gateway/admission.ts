import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { Clock } from '../kit/clock.ts'
import type { Random } from '../kit/random.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import { concurrencyLimit, concurrencyLimiter } from '../layers/concurrency-limit/concurrency-limit.ts'
import type { AdmissionFigures } from '../layers/concurrency-limit/figures.ts'
import type { ConcurrencyLimiter } from '../layers/concurrency-limit/limiter.ts'
import type { ConcurrencyOptions } from '../layers/concurrency-limit/options.ts'
import { clientAddress } from '../telemetry/access-log/client-address.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import { concurrencyText } from './settings-text.ts'
import type { StackLayer } from './stack-layer.ts'

export interface AdmissionDeps {
  readonly clock: Clock
  readonly random: Random
  readonly memory: MemoryScope
}

/** The name of the shared memory for limits that apply to all routes combined. */
export const gatewayScope = 'gateway'

/** Rate and concurrency limits for one configuration in one thread. Counts are shared by all threads. */
export class Admission {
  readonly #deps: AdmissionDeps
  /** The client's address, as far as it can be trusted. */
  readonly clientOf: (request: GatewayRequest) => string | undefined
  readonly #whole: { readonly limiter: ConcurrencyLimiter; readonly options: ConcurrencyOptions } | undefined
  readonly #limiters = new Map<string, ConcurrencyLimiter>()

  constructor({ trust, concurrency }: Pick<Config, 'trust' | 'concurrency'>, deps: AdmissionDeps) {
    this.#deps = deps
    const proxies = new TrustedProxies(trust)
    const trusts = (address: string): boolean => proxies.trusts(address)
    this.clientOf = (request) => clientAddress(request, trusts)
    this.#whole = concurrency && {
      limiter: concurrencyLimiter(concurrency, deps.memory.scope(gatewayScope), deps.clock),
      options: concurrency,
    }
  }

  ofRoute(route: RouteConfig): StackLayer | false {
    const { concurrency } = route
    if (concurrency === undefined) return false
    const { clock } = this.#deps
    const limiter = concurrencyLimiter(concurrency, this.#memoryOf(route), clock)
    this.#limiters.set(matchText(route.match), limiter)
    return {
      role: 'concurrency-limit',
      settings: () => `of the route: ${concurrencyText(concurrency)}`,
      why: 'inside the deadline, which also ends the wait; before bodies are read',
      layer: concurrencyLimit(limiter, 'route', route.priority, clock),
    }
  }

  ofWhole({ priority }: RouteConfig): StackLayer | false {
    const whole = this.#whole
    if (whole === undefined) return false
    return {
      role: 'concurrency-limit',
      settings: () => `of the gateway: ${concurrencyText(whole.options)}, priority ${priority}`,
      why: "inside the route's limit, so that calls waiting there take no slot of the gateway",
      layer: concurrencyLimit(whole.limiter, 'gateway', priority, this.#deps.clock),
    }
  }

  figures(): AdmissionFigures {
    return {
      whole: this.#whole?.limiter.figures(),
      routes: Object.fromEntries([...this.#limiters].map(([route, limiter]) => [route, limiter.figures()])),
    }
  }

  #memoryOf({ match }: RouteConfig): MemoryScope {
    return this.#deps.memory.scope(`route ${matchText(match)}`)
  }
}
