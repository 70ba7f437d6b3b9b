import type { z } from 'zod'
import type { FailureCode } from '../core/failure.ts'
import type { Layer } from '../core/service.ts'
import type { ExtraLoad } from '../kit/budgets.ts'
import type { Clock } from '../kit/clock.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import type { StatusRange } from '../layers/success/options.ts'
import type { AttemptOptions } from './attempt-options.ts'

export interface LineOptions extends AttemptOptions {
  readonly upstream: string
}

/** What a strategy makes of its options: its layer, and what the layers around it need to know. */
export interface StrategyPlan {
  readonly layer: Layer
  /** Where its attempts go: one line for all of them, or several by the `part` of the request. */
  readonly lines: LineOptions | Readonly<Record<string, LineOptions>>
  /** Which statuses are good where the route does not say. */
  readonly goodStatus: readonly StatusRange[]
  /** An answer that is not good is passed on all the same once there is nothing left to try. */
  readonly passesAnyStatus: boolean
  /** It needs answers whole, to compare or merge them. */
  readonly holdsAnswer: boolean
  readonly maxAnswerBytes: number
  /** A good status says enough: the work is done, whatever becomes of the answer's body. */
  readonly bodyMayFail?: boolean
  /** The request body is held, up to so many bytes; undefined: it is streamed. */
  readonly maxHeldBodyBytes: number | undefined
  /** Upgrades (WebSocket) pass. */
  readonly upgrades: boolean
  /** Where the route does not say. */
  readonly usualDeadlineMs?: number
  /** Statuses of failures where the route does not say, other than those of the one table. */
  readonly failureStatuses?: Readonly<Partial<Record<FailureCode, number>>>
  /** It begins its attempts itself, at targets of its own choice: neither balancer nor retry come between. */
  readonly choosesTargets: boolean
}

/** What every strategy is given besides its options. */
export interface StrategyDeps {
  readonly clock: Clock
  /** What the route knows in all workers: budgets, samples. */
  readonly memory: MemoryScope
  /** What an upstream bears beyond one attempt for each call. */
  readonly extraLoad: (upstream: string) => ExtraLoad
}

/**
 * A strategy: options in, layer out. To add one, add its folder with its options, its judgement and this, and its name
 * to `config/strategies.ts`.
 */
export interface Strategy<Schema extends z.ZodType, Deps = StrategyDeps> {
  readonly options: Schema
  plan(options: z.output<Schema>, deps: Deps): StrategyPlan
}

export const anySuccess: readonly StatusRange[] = [{ from: 200, to: 299 }]
export const anyButServerError: readonly StatusRange[] = [{ from: 100, to: 499 }]
