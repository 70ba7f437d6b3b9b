import { gatewayScope, routeScope } from '../../config/derived/memory-scopes.ts'
import { matchText } from '../../config/match.ts'
import type { RouteConfig } from '../../config/route-schema.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { concurrencyLimit, concurrencyLimiter } from '../../layers/concurrency-limit/concurrency-limit.ts'
import type { AdmissionFigures } from '../../layers/concurrency-limit/figures.ts'
import type { ConcurrencyLimiter } from '../../layers/concurrency-limit/limiter.ts'
import { type ConcurrencyOptions, concurrencyText } from '../../layers/concurrency-limit/options.ts'
import { clientAddress } from '../../telemetry/access-log/client-address.ts'
import { TrustedProxies } from '../../transport/server/proxies.ts'
import type { StackLayer } from './stack-layer.ts'

/** The options that apply to all routes. */
export interface AdmissionOptions {
  /** Proxies whose word on the client's address is taken. */
  readonly trust: readonly string[]
  readonly concurrency?: ConcurrencyOptions | undefined
}

/** Rate and concurrency limits for one configuration in one thread. Counts are shared by all threads. */
export class Admission {
  readonly #runtime: Pick<Runtime, 'clock' | 'memory'>
  /** The client's address, as far as it can be trusted. */
  readonly clientOf: (request: GatewayRequest) => string | undefined
  readonly #whole: { readonly limiter: ConcurrencyLimiter; readonly options: ConcurrencyOptions } | undefined
  readonly #limiters = new Map<string, ConcurrencyLimiter>()

  constructor({ trust, concurrency }: AdmissionOptions, runtime: Pick<Runtime, 'clock' | 'memory'>) {
    this.#runtime = runtime
    const proxies = new TrustedProxies(trust)
    const trusts = (address: string): boolean => proxies.trusts(address)
    this.clientOf = (request) => clientAddress(request, trusts)
    this.#whole = concurrency && {
      limiter: concurrencyLimiter(concurrency, runtime.memory.scope(gatewayScope), runtime.clock),
      options: concurrency,
    }
  }

  ofRoute(route: RouteConfig): StackLayer | false {
    const { concurrency } = route
    if (concurrency === undefined) return false
    const { clock, memory } = this.#runtime
    const limiter = concurrencyLimiter(concurrency, memory.scope(routeScope(route.match)), clock)
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
      layer: concurrencyLimit(whole.limiter, 'gateway', priority, this.#runtime.clock),
    }
  }

  figures(): AdmissionFigures {
    return {
      whole: this.#whole?.limiter.figures(),
      routes: Object.fromEntries([...this.#limiters].map(([route, limiter]) => [route, limiter.figures()])),
    }
  }
}
