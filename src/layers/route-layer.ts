import type { z } from 'zod'
import type { GatewayRequest } from '../core/request.ts'
import type { Layer } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { Random } from '../kit/random.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'

export interface RouteLayerDeps {
  readonly clock: Clock
  readonly random: Random
  /** Memory of the route, shared by all workers. */
  readonly memory: MemoryScope
  /** The client's address, as far as it can be trusted. */
  readonly clientOf: (request: GatewayRequest) => string | undefined
}

/**
 * Where the layer stands. `admission`: outside the deadline, for what refuses a call at once. `call`: inside the deadline
 * and the concurrency limits, around everything that serves the call.
 */
export type RouteLayerStage = 'admission' | 'call'

/**
 * A layer that a route has if it sets an option. To add one, add a folder with its options, its layer and its
 * `RouteLayer`, and a line in `config/registry.ts`; the order there is the order in the stack.
 */
export interface RouteLayer<Schema extends z.ZodType> {
  /** The value of the route's option; a route without it does not have the layer. */
  readonly options: Schema
  /** The term that users of other proxies know. */
  readonly role: string
  readonly stage: RouteLayerStage
  /** Why it stands there: a sentence for `hedgerow check --explain`. */
  readonly why: string
  /** The options in plain words, for `hedgerow check --explain`. */
  settings(options: z.output<Schema>): string
  layer(options: z.output<Schema>, deps: RouteLayerDeps): Layer
}
