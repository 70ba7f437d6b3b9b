import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { Layer } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { Random } from '../kit/random.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import { concurrencyLimit, concurrencyLimiter } from '../layers/concurrency-limit/concurrency-limit.ts'
import type { AdmissionFigures } from '../layers/concurrency-limit/figures.ts'
import type { ConcurrencyLimiter } from '../layers/concurrency-limit/limiter.ts'
import { rateLimit } from '../layers/rate-limit/rate-limit.ts'
import { clientAddress } from '../telemetry/access-log/client-address.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'

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
  readonly #clientOf: (request: GatewayRequest) => string | undefined
  readonly #whole: ConcurrencyLimiter | undefined
  readonly #limiters = new Map<string, ConcurrencyLimiter>()

  constructor({ trust, concurrency }: Pick<Config, 'trust' | 'concurrency'>, deps: AdmissionDeps) {
    this.#deps = deps
    const proxies = new TrustedProxies(trust)
    const trusts = (address: string): boolean => proxies.trusts(address)
    this.#clientOf = (request) => clientAddress(request, trusts)
    this.#whole = concurrency && concurrencyLimiter(concurrency, deps.memory.scope(gatewayScope), deps.clock)
  }

  rateLimit(route: RouteConfig): Layer | false {
    if (route.rateLimit === undefined) return false
    return rateLimit(route.rateLimit, { ...this.#deps, memory: this.#memoryOf(route), clientOf: this.#clientOf })
  }

  ofRoute(route: RouteConfig): Layer | false {
    if (route.concurrency === undefined) return false
    const { clock } = this.#deps
    const limiter = concurrencyLimiter(route.concurrency, this.#memoryOf(route), clock)
    this.#limiters.set(matchText(route.match), limiter)
    return concurrencyLimit(limiter, 'route', route.priority, clock)
  }

  ofWhole({ priority }: RouteConfig): Layer | false {
    return this.#whole !== undefined && concurrencyLimit(this.#whole, 'gateway', priority, this.#deps.clock)
  }

  figures(): AdmissionFigures {
    return {
      whole: this.#whole?.figures(),
      routes: Object.fromEntries([...this.#limiters].map(([route, limiter]) => [route, limiter.figures()])),
    }
  }

  #memoryOf({ match }: RouteConfig): MemoryScope {
    return this.#deps.memory.scope(`route ${matchText(match)}`)
  }
}
