import type { z } from 'zod'
import type { FailureCode } from '../core/failure.ts'
import type { Layer, Service } from '../core/service.ts'
import type { ExtraLoad } from '../kit/budgets.ts'
import type { Clock } from '../kit/clock.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import type { StatusRange } from '../layers/success/options.ts'
import type { AttemptOptions } from './attempt-options.ts'

export interface LineOptions extends AttemptOptions {
  readonly upstream: string
}

/** The options of each strategy name one upstream, or several by the names of calls. */
export type StrategyLines = LineOptions | { readonly calls: Readonly<Record<string, LineOptions>> }

/** How attempts are sent. A line is the stack of layers through which attempts reach one upstream. */
export type AttemptPlan =
  /** All attempts take the same line. */
  | { readonly kind: 'line'; readonly line: LineOptions; readonly layer: Layer }
  /** Each named call has a line of its own; `service` gets them under the same names. */
  | {
      readonly kind: 'lines'
      readonly lines: Readonly<Record<string, LineOptions>>
      readonly service: (lines: Readonly<Record<string, Service>>) => Service
    }
  /** The strategy stores the request, and later sends it itself to targets of its own choice. */
  | { readonly kind: 'own'; readonly line: LineOptions; readonly service: Service }

/** How the answers of attempts are passed on. */
export type AnswerPlan = AnswerForm & { readonly maxBytes: number }

type AnswerForm =
  /** Passed on as it arrives. One that is not good is passed on too, once there is nothing left to try. */
  | { readonly kind: 'passed'; readonly upgrades: boolean }
  /** Passed on as it arrives if it is good, and otherwise a failure. */
  | { readonly kind: 'streamed' }
  /** Read whole, to compare or merge it. `statusSuffices`: the work is done, even if reading the body fails. */
  | { readonly kind: 'held'; readonly statusSuffices: boolean }

export type BodyPlan = { readonly kind: 'streamed' } | { readonly kind: 'held'; readonly maxBytes: number }

/** The result of a strategy's options: how attempts are sent, and facts for the layers around. */
export interface StrategyPlan {
  readonly attempts: AttemptPlan
  /** Good statuses, unless the route sets them. */
  readonly goodStatus: readonly StatusRange[]
  readonly answer: AnswerPlan
  /** How the request body is read. */
  readonly body: BodyPlan
  /** Unless the route sets a deadline. */
  readonly usualDeadlineMs?: number
  /** Statuses of failures, unless the route sets them, that differ from the common table. */
  readonly failureStatuses?: Readonly<Partial<Record<FailureCode, number>>>
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
 * A strategy: options in, plan out. To add one, add a folder with its options, its decision function and its `Strategy`,
 * and a line in `config/registry.ts`.
 */
export interface Strategy<Schema extends z.ZodType<StrategyLines>, Deps = StrategyDeps> {
  /** Its description is what `hedgerow check --explain` says of the strategy. */
  readonly options: Schema
  /** The options in plain words, for `hedgerow check --explain`. */
  settings(options: z.output<Schema>): string
  plan(options: z.output<Schema>, deps: Deps): StrategyPlan
}

export const anySuccess: readonly StatusRange[] = [{ from: 200, to: 299 }]
export const anyButServerError: readonly StatusRange[] = [{ from: 100, to: 499 }]
