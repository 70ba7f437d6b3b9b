import type { Target } from '../../core/attempt.ts'
import type { Clock } from '../../kit/clock.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { Balancer } from './balancer.ts'
import type { BalancerDeps } from './balancer-kind.ts'
import { type BalancerName, balancers } from './balancers.ts'
import type { BalanceOptions } from './options.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'

/** Ties each balancer's options to its own functions. */
const kinds: {
  readonly [Name in BalancerName]: {
    readonly load?: (
      options: BalanceOptions<Name>,
      targets: readonly Target[],
      clock: Clock,
      memory: MemoryScope,
    ) => TargetLoad
    make(options: BalanceOptions<Name>, rotation: Rotation, deps: BalancerDeps): Balancer
  }
} = balancers

/** Makes the balancer that the options name. */
export function makeBalancer<Name extends BalancerName>(
  options: BalanceOptions<Name>,
  rotation: Rotation,
  deps: BalancerDeps,
): Balancer {
  return kinds[options.kind].make(options, rotation, deps)
}

/** The load that a balancer goes by; undefined if it goes by none. Callers that pass the same memory share it. */
export function balancerLoad<Name extends BalancerName>(
  options: BalanceOptions<Name>,
  targets: readonly Target[],
  clock: Clock,
  memory: MemoryScope,
): TargetLoad | undefined {
  return kinds[options.kind].load?.(options, targets, clock, memory)
}
