import { z } from 'zod'
import { synonyms } from '../../kit/schema.ts'
import { type BalancerName, type Balancers, balancerNames, balancers } from './balancers.ts'

/** The balancer that an upstream names, with its options. */
export type BalanceOptions<Name extends BalancerName = BalancerName> = {
  readonly [One in Name]: { readonly kind: One } & z.output<Balancers[One]['options']>
}[Name]

type NameForm = {
  readonly [Name in BalancerName]: Balancers[Name]['form'] extends 'options' ? never : Name
}[BalancerName]

type OptionsForm = {
  readonly [Name in BalancerName]: Balancers[Name]['form'] extends 'name'
    ? never
    : { readonly [Key in Name]: z.input<Balancers[Name]['options']> }
}[BalancerName]

const byName = balancerNames.filter((name) => balancers[name].form !== 'options')
const withOptions = balancerNames.filter((name) => balancers[name].form !== 'name')

const examples = balancerNames.map((name) => balancers[name].example).filter((example) => example !== undefined)
const lastExample = examples.at(-1) ?? ''
const nameList = byName.map((name) => `\`${name}\``).join(', ')
const error = `${nameList}, or one with its options: ${examples.slice(0, -1).join(', ')} or ${lastExample}`

const forms: readonly z.ZodType[] = [
  z.enum(byName).transform((kind) => ({ kind, ...balancers[kind].options.parse({}) })),
  ...withOptions.map((kind) =>
    z.strictObject({ [kind]: balancers[kind].options }).transform((given) => ({ kind, ...given[kind] })),
  ),
]

export const balanceOption = z
  // A union made from a list cannot say which form belongs to which balancer.
  .union(forms as readonly z.ZodType<BalanceOptions, NameForm | OptionsForm>[], { error })
  .register(synonyms, Object.assign({}, ...balancerNames.map((name) => balancers[name].synonyms)))
  .prefault('round-robin')
  .describe(
    `How the target of an attempt is chosen. ${balancerNames.map((name) => `\`${name}\`: ${balancers[name].summary}.`).join(' ')}`,
  )
