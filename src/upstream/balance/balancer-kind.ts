import type { z } from 'zod'
import type { Target } from '../../core/attempt.ts'
import type { TargetService } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Runtime } from '../../kit/runtime.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { Balancer } from './balancer.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'

export interface BalancerDeps extends Pick<Runtime, 'clock' | 'random'> {
  readonly memory: MemoryScope
  /** Sends probes to targets. */
  readonly send: TargetService
  /** Whether an address belongs to a trusted proxy. */
  readonly trusts: (address: string) => boolean
}

/** How a configuration names a balancer: `peak-ewma`, `{ peak-ewma: { decay: 5s } }`, or either. */
export type BalancerForm = 'name' | 'options' | 'either'

/** A balancer that an upstream can name. To add one, add a file to `kinds` and a line to `balancers.ts`. */
export interface BalancerKind<Schema extends z.ZodType<object>, Form extends BalancerForm> {
  readonly options: Schema
  /** `name` and `either` need a default for every option. */
  readonly form: Form
  /** Its criterion: a clause for the reference. */
  readonly summary: string
  /** An example of its options, for errors. */
  readonly example?: string
  /** Names that other proxies and papers use; `-` also matches `_`. */
  readonly synonyms: Readonly<Record<string, string>>
  /** The load that it goes by, if it does. Callers that pass the same memory share it. */
  readonly load?: (
    options: z.output<Schema>,
    targets: readonly Target[],
    clock: Clock,
    memory: MemoryScope,
  ) => TargetLoad
  make(options: z.output<Schema>, rotation: Rotation, deps: BalancerDeps): Balancer
}
