import { isDeepStrictEqual } from 'node:util'
import type { Target } from '../core/attempt.ts'
import type { TargetService } from '../core/service.ts'
import { ActiveBudget } from '../kit/budgets.ts'
import type { Clock } from '../kit/clock.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import { UpstreamExtraLoad } from '../layers/extra-load-budget/extra-load.ts'
import type { RetryOptions } from '../layers/retry/options.ts'
import type { ShortageLog } from '../telemetry/shortage-log.ts'
import type { ConnectionOptions } from '../transport/client/connection-pool.ts'
import { codeOfEnd } from '../transport/client/errors.ts'
import { type HttpClient, httpClient } from '../transport/client/http-client.ts'
import type { ResolveName } from '../transport/client/lookups.ts'
import type { Balancer } from './balance/balancer.ts'
import { makeBalancer } from './balance/make-balancer.ts'
import { allOf, type Rotation } from './balance/rotation.ts'
import { slowStart } from './balance/slow-start.ts'
import { type NoteAttempt, type UpstreamHealth, upstreamHealth } from './health/upstream-health.ts'
import type { UpstreamOptions } from './options.ts'
import { targetsOf } from './targets.ts'
import { isOverTls, TlsLog } from './tls-log.ts'

export interface UpstreamDeps extends Pick<Runtime, 'clock' | 'random' | 'log'> {
  /** The upstream's own memory, shared by all workers. */
  readonly memory: MemoryScope
  /** Whether an address belongs to a trusted proxy. */
  readonly trusts: (address: string) => boolean
  readonly resolve: ResolveName
  readonly shortages: ShortageLog
}

/** State that all routes to the same upstream share: balancer position, connections, budget. */
export class Upstream {
  readonly name: string
  readonly config: UpstreamOptions
  readonly targets: readonly Target[]
  /** Undefined when no health option can take effect. */
  readonly health: UpstreamHealth | undefined
  readonly rotation: Rotation
  readonly balancer: Balancer
  readonly client: HttpClient
  readonly extraLoad: UpstreamExtraLoad
  readonly #memory: MemoryScope
  /** Undefined when no target uses TLS. */
  readonly #tlsLog: TlsLog | undefined
  readonly #shortages: ShortageLog
  readonly #retryBudgets = new Map<string, ActiveBudget>()

  constructor(name: string, config: UpstreamOptions, deps: UpstreamDeps) {
    const { clock, memory } = deps
    this.name = name
    this.config = config
    this.#memory = memory
    this.targets = targetsOf(name, config)
    this.#tlsLog = this.targets.some(isOverTls) ? new TlsLog(this.targets, deps) : undefined
    this.#shortages = deps.shortages
    this.health = upstreamHealth(this.targets, config, clock, memory)
    const send: TargetService = (request, call) => this.send(request, call)
    this.rotation = withSlowStart(this.health ?? allOf(this.targets), config, clock, memory)
    this.balancer = makeBalancer(config.balance, this.rotation, { ...deps, send })
    this.extraLoad = new UpstreamExtraLoad(config.budget, this.rotation, memory)
    this.client = httpClient({
      clock,
      connections: { ...connectionsOf(config), resolve: deps.resolve },
    })
  }

  get send(): TargetService {
    return this.client.send
  }

  /** Whether an attempt may fail in a way that the same target would repeat, while another may answer. */
  get mayTryElsewhere(): boolean {
    return this.targets.length > 1 && this.#tlsLog !== undefined
  }

  /**
   * Returns the callback for the end of each attempt with this patience. It notes health, TLS failures and shortages.
   */
  noteWith(patienceMs: number): NoteAttempt {
    const noteHealth = this.health?.noteWith(patienceMs)
    const tlsLog = this.#tlsLog
    return (attempt, outcome) => {
      noteHealth?.(attempt, outcome)
      tlsLog?.note(attempt, outcome)
      if (outcome.ok || outcome.failure.code !== 'GATEWAY_EXHAUSTED') return
      this.#shortages.onConnect(codeOfEnd(outcome.failure.cause))
    }
  }

  /** Routes with the same figures share one budget. */
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

export function withSlowStart(
  rotation: Rotation,
  { slowStart: windowMs }: UpstreamOptions,
  clock: Clock,
  memory: MemoryScope,
): Rotation {
  return windowMs > 0 ? slowStart(rotation, windowMs, clock, memory) : rotation
}

export type Upstreams = ReadonlyMap<string, Upstream>

/** The order must match too: threads share the balancer position by target index. */
export function isSameUpstream(one: UpstreamOptions, other: UpstreamOptions): boolean {
  return isDeepStrictEqual(one, other) && isDeepStrictEqual(Object.keys(one.targets), Object.keys(other.targets))
}

/** The upstream of this name; the configuration check ensures that it exists. */
export function upstreamIn(upstreams: Upstreams): (name: string) => Upstream {
  return (name) => {
    const found = upstreams.get(name)
    if (found === undefined) throw new Error(`the upstream ${name} got past the configuration's check`)
    return found
  }
}

export function connectionsOf({ connectTimeout, keepAlive, dns }: UpstreamOptions): ConnectionOptions {
  return { connectTimeoutMs: connectTimeout, keepAliveMs: keepAlive, resolveEveryMs: dns.every }
}
