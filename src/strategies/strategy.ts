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

/** The result of a strategy's options: its layer, and facts for the layers around it. */
export interface StrategyPlan {
  readonly layer: Layer
  /** Where attempts go: one line for all, or several by the `part` of the request. */
  readonly lines: LineOptions | Readonly<Record<string, LineOptions>>
  /** Good statuses, unless the route sets them. */
  readonly goodStatus: readonly StatusRange[]
  /** An answer that is not good is still passed on once there is nothing left to try. */
  readonly passesAnyStatus: boolean
  /** Whether answers are needed whole, to compare or merge them. */
  readonly holdsAnswer: boolean
  readonly maxAnswerBytes: number
  /** A good status suffices: the work is done, even if reading the answer's body fails. */
  readonly bodyMayFail?: boolean
  /** The request body is held, up to this size; undefined: it is streamed. */
  readonly maxHeldBodyBytes: number | undefined
  /** Whether upgrades (WebSocket) pass through. */
  readonly upgrades: boolean
  /** Unless the route sets a deadline. */
  readonly usualDeadlineMs?: number
  /** Statuses of failures, unless the route sets them, that differ from the common table. */
  readonly failureStatuses?: Readonly<Partial<Record<FailureCode, number>>>
  /** The strategy starts its attempts itself, at targets of its own choice, without balancer or retry in between. */
  readonly choosesTargets: boolean
}

/** Dependencies of every strategy, besides its options. */
export interface StrategyDeps {
  readonly clock: Clock
  /** Memory of the route, shared by all workers: budgets, samples. */
  readonly memory: MemoryScope
  /** Load that an upstream can bear beyond one attempt per call. */
  readonly extraLoad: (upstream: string) => ExtraLoad
}

/**
 * A strategy: options in, layer out. To add one, add a folder with its options, its decision function and its
 * `Strategy`, and add its name to `config/strategies.ts`.
 */
export interface Strategy<Schema extends z.ZodType, Deps = StrategyDeps> {
  readonly options: Schema
  plan(options: z.output<Schema>, deps: Deps): StrategyPlan
}

export const anySuccess: readonly StatusRange[] = [{ from: 200, to: 299 }]
export const anyButServerError: readonly StatusRange[] = [{ from: 100, to: 499 }]
