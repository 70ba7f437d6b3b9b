import type { Target } from '../../core/attempt.ts'
import type { TargetService } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Random } from '../../kit/random.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { Balancer } from './balancer.ts'
import { consistentHash } from './consistent-hash.ts'
import { keyBy } from './hash-key.ts'
import { leastRequests } from './least-requests.ts'
import type { BalanceOptions } from './options.ts'
import { peakEwma } from './peak-ewma.ts'
import { httpProbe } from './probe.ts'
import { probing } from './probing.ts'
import { randomPick } from './random.ts'
import type { Rotation } from './rotation.ts'
import { roundRobin } from './round-robin.ts'
import { TargetLoad } from './target-load.ts'

export interface BalancerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly memory: MemoryScope
  /** Sends probes to targets. */
  readonly send: TargetService
  /** Whether an address belongs to a trusted proxy. */
  readonly trusts: (address: string) => boolean
}

/** Builds the balancer that the options name. */
export function makeBalancer(options: BalanceOptions, rotation: Rotation, deps: BalancerDeps): Balancer {
  const { clock, random, memory } = deps
  switch (options.kind) {
    case 'round-robin':
      return roundRobin(rotation, memory)
    case 'random':
      return randomPick(rotation, random)
    case 'consistent-hash':
      return consistentHash(rotation, { random, keyOf: keyBy(options.by, deps.trusts) })
    case 'least-requests':
      return leastRequests(rotation, { random, load: loadFor(options, rotation.targets, clock, memory) })
    case 'peak-ewma':
      return peakEwma(rotation, { random, load: loadFor(options, rotation.targets, clock, memory) })
    case 'probing': {
      const load = loadFor(options, rotation.targets, clock, memory)
      const probe = httpProbe(deps.send, clock, { path: options.path, timeoutMs: options.timeout })
      const { pool: size, age: ageMs, uses, probes } = options
      return probing(rotation, { random, clock, load, probe, size, ageMs, uses, probes })
    }
  }
}

/** The load-aware balancers. */
type ByLoad = Extract<BalanceOptions, { readonly kind: 'least-requests' | 'peak-ewma' | 'probing' }>

export function goesByLoad(options: BalanceOptions): options is ByLoad {
  return options.kind === 'least-requests' || options.kind === 'peak-ewma' || options.kind === 'probing'
}

/** The load that such a balancer tracks. Callers that pass the same memory share it. */
export function loadFor(options: ByLoad, targets: readonly Target[], clock: Clock, memory: MemoryScope): TargetLoad {
  if (options.kind !== 'peak-ewma') return new TargetLoad(targets, clock, memory)
  return new TargetLoad(targets, clock, memory, { decayMs: options.decay, startMs: options.start })
}
