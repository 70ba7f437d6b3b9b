import type { z } from 'zod'
import {
  type Strategies,
  type StrategyConfig,
  type StrategyName,
  type StrategyOptions,
  strategies,
  strategyNames,
} from './registry.ts'

type NamedSchema<Name extends StrategyName> = z.ZodOptional<
  z.ZodPipe<Strategies[Name]['options'], z.ZodTransform<StrategyConfig<Name>, StrategyOptions[Name]>>
>

/** A key of a route for each strategy; its value becomes `{ name, options }`. */
export const strategyKeys = Object.fromEntries(
  strategyNames.map((name) => [name, strategies[name].options.transform((options) => ({ name, options })).optional()]),
  // `Object.fromEntries` loses which key has which value.
) as { readonly [Name in StrategyName]: NamedSchema<Name> }

type WithKeys = { readonly [Name in StrategyName]?: StrategyConfig<Name> | undefined }

/** Exactly one strategy must be given. */
export function checkOneStrategy(route: WithKeys, context: z.RefinementCtx): void {
  const given = strategyNames.filter((name) => route[name] !== undefined)
  if (given.length === 1) return
  const message = `exactly one strategy: ${strategyNames.join(', ')}`
  // For `findings.ts`: how to name the value found, and which keys would resolve the issue.
  const params = { found: given.join(' and ') || 'none', wanted: given.length === 0 ? strategyNames : [] }
  context.addIssue({ code: 'custom', message, path: given.slice(1, 2), params })
}

/** In the file the name of the strategy is a key of the route; in the program it is data. */
export function withStrategy<Route extends WithKeys>(
  route: Route,
): Omit<Route, StrategyName> & { readonly strategy: StrategyConfig } {
  const strategy = strategyNames.map((name) => route[name]).find((given) => given !== undefined)
  if (strategy === undefined) throw new Error('a route without a strategy got past the schema')
  const rest: Omit<Route, StrategyName> & { [Name in StrategyName]?: unknown } = { ...route }
  for (const name of strategyNames) delete rest[name]
  return { ...rest, strategy }
}

interface HasStrategy {
  readonly strategy: StrategyConfig
}

/** The options of a route that has this strategy; undefined if it has another. */
export function optionsIf<Name extends StrategyName>(
  name: Name,
  { strategy }: HasStrategy,
): StrategyOptions[Name] | undefined {
  return isNamed(name, strategy) ? strategy.options : undefined
}

function isNamed<Name extends StrategyName>(
  name: Name,
  strategy: StrategyConfig,
): strategy is StrategyConfig & { readonly options: StrategyOptions[Name] } {
  return strategy.name === name
}

/** The route as a file has it: the strategy's name is a key again. */
export function asWritten<Route extends HasStrategy & { readonly match: unknown }>({
  match,
  strategy,
  ...rest
}: Route) {
  return { match, [strategy.name]: strategy.options, ...rest }
}
