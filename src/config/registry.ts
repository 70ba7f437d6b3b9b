import type { z } from 'zod'
import { type BroadcastDeps, broadcastStrategy } from '../broadcast/broadcast.ts'
import { type CallbackDeps, callbackStrategy } from '../callback/callback.ts'
import { allStrategy } from '../strategies/all/all.ts'
import { firstStrategy } from '../strategies/first/first.ts'
import { forwardStrategy } from '../strategies/forward/forward.ts'
import { hedgeStrategy } from '../strategies/hedge/hedge.ts'
import { quorumStrategy } from '../strategies/quorum/quorum.ts'
import type { StrategyPlan } from '../strategies/strategy.ts'

/** The strategies that a route can name, by their keys in the configuration. */
export const strategies = {
  forward: forwardStrategy,
  first: firstStrategy,
  all: allStrategy,
  quorum: quorumStrategy,
  hedge: hedgeStrategy,
  broadcast: broadcastStrategy,
  callback: callbackStrategy,
} as const

export type Strategies = typeof strategies
export type StrategyName = keyof Strategies
export const strategyNames = Object.keys(strategies) as readonly StrategyName[]

/** The parsed options of each strategy. */
export type StrategyOptions = { readonly [Name in StrategyName]: z.output<Strategies[Name]['options']> }

/** The strategy of a route, with the options that its own schema has parsed. */
export type StrategyConfig<Name extends StrategyName = StrategyName> = {
  readonly [One in Name]: { readonly name: One; readonly options: StrategyOptions[One] }
}[Name]

/** Dependencies of any strategy. */
export type AnyStrategyDeps = BroadcastDeps & CallbackDeps

/** Ties each strategy's options to its own `plan`. */
const plans: {
  readonly [Name in StrategyName]: { plan(options: StrategyOptions[Name], deps: AnyStrategyDeps): StrategyPlan }
} = strategies

export function planStrategy<Name extends StrategyName>(
  strategy: StrategyConfig<Name>,
  deps: AnyStrategyDeps,
): StrategyPlan {
  return plans[strategy.name].plan(strategy.options, deps)
}
