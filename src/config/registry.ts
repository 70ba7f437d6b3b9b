import type { z } from 'zod'
import { type BroadcastDeps, broadcastStrategy } from '../broadcast/broadcast.ts'
import { type CallbackDeps, callbackStrategy } from '../callback/callback.ts'
import type { Layer } from '../core/service.ts'
import { rateLimitLayer } from '../layers/rate-limit/route-layer.ts'
import type { RouteLayerDeps, RouteLayerStage } from '../layers/route-layer.ts'
import { stores } from '../store/stores.ts'
import { allStrategy } from '../strategies/all/all.ts'
import { firstStrategy } from '../strategies/first/first.ts'
import { forwardStrategy } from '../strategies/forward/forward.ts'
import { hedgeStrategy } from '../strategies/hedge/hedge.ts'
import { quorumStrategy } from '../strategies/quorum/quorum.ts'
import type { StrategyPlan } from '../strategies/strategy.ts'
import { balancers } from '../upstream/balance/balancers.ts'

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

/** The layers that a route's options add, by option; outermost first. */
export const layers = {
  rateLimit: rateLimitLayer,
} as const

/**
 * Everything that a configuration can name. The schema, the errors, the reference and the stacks are made from these lists, so a new
 * entry is a folder and a line.
 */
export const registry = { strategies, balancers, layers, stores } as const

export type Strategies = typeof strategies
export type StrategyName = keyof Strategies
export const strategyNames = Object.keys(strategies) as readonly StrategyName[]

/** The parsed options of each strategy. */
export type StrategyOptions = { readonly [Name in StrategyName]: z.output<Strategies[Name]['options']> }

/** The strategy of a route, with the options that its own schema has parsed. */
export type StrategyConfig<Name extends StrategyName = StrategyName> = {
  readonly [One in Name]: { readonly name: One; readonly options: StrategyOptions[One] }
}[Name]

export type Layers = typeof layers
export type LayerName = keyof Layers
export const layerNames = Object.keys(layers) as readonly LayerName[]

/** The parsed options of each layer. */
export type LayerOptions = { readonly [Name in LayerName]: z.output<Layers[Name]['options']> }

/** The schemas of the options that add layers. */
export const layerKeys = Object.fromEntries(
  layerNames.map((name) => [name, layers[name].options.optional()]),
  // `Object.fromEntries` loses which key has which value.
) as { readonly [Name in LayerName]: z.ZodOptional<Layers[Name]['options']> }

/** Ties each layer's options to its own functions. */
const layersByName: {
  readonly [Name in LayerName]: Pick<Layers[Name], 'role' | 'stage' | 'why'> & {
    settings(options: LayerOptions[Name]): string
    layer(options: LayerOptions[Name], deps: RouteLayerDeps): Layer
  }
} = layers

/** Undefined if the route does not set the option, or the layer has another stage. */
export function makeLayer<Name extends LayerName>(
  name: Name,
  stage: RouteLayerStage,
  options: LayerOptions[Name] | undefined,
  deps: RouteLayerDeps,
): { role: string; why: string; settings: () => string; layer: Layer } | undefined {
  const found = layersByName[name]
  if (options === undefined || found.stage !== stage) return undefined
  const { role, why } = found
  return { role, why, settings: () => found.settings(options), layer: found.layer(options, deps) }
}

/** Dependencies of any strategy. */
export type AnyStrategyDeps = BroadcastDeps & CallbackDeps

/** Ties each strategy's options to its own functions. */
const plans: {
  readonly [Name in StrategyName]: {
    settings(options: StrategyOptions[Name]): string
    plan(options: StrategyOptions[Name], deps: AnyStrategyDeps): StrategyPlan
  }
} = strategies

/** The strategy's options in plain words. */
export function strategySettings<Name extends StrategyName>({ name, options }: StrategyConfig<Name>): string {
  return plans[name].settings(options)
}

export function planStrategy<Name extends StrategyName>(
  strategy: StrategyConfig<Name>,
  deps: AnyStrategyDeps,
): StrategyPlan {
  return plans[strategy.name].plan(strategy.options, deps)
}
