import { z } from 'zod'
import { share, wholeNumber } from '../../kit/schema.ts'
import { formatShare } from '../../kit/units.ts'

const limited = z.strictObject({
  share: share().prefault('20%').describe('Extra attempts as a share of the calls to the upstream; Finagle has 20 %.'),
  min: wholeNumber({ min: 0, max: 10_000 })
    .prefault(3)
    .describe(
      "Number of extra attempts in flight that are always allowed, so that even a quiet upstream can be retried; Envoy's has 3. If answers take 10 ms, 3 in flight are up to 300 a second: 0 holds the upstream to `share`.",
    ),
})

export const extraLoadOption = z
  .union([z.literal('unlimited'), limited], { error: 'a mapping such as { share: 20%, min: 3 }, or `unlimited`' })
  .prefault({})
  .describe(
    'On by default. Limits the attempts of all routes together beyond one per call: retries, hedges, and duplicates of `first` with a `budget`. Their own budgets apply as well. Attempts of a route with `budget: unlimited` are exempt. Earned but unused budget is kept, up to 100 attempts.',
  )

export type ExtraLoadOptions = z.output<typeof extraLoadOption>

/** In plain words, for `hedgerow check --explain`. */
export function extraLoadText(budget: ExtraLoadOptions): string {
  return budget === 'unlimited' ? budget : `${formatShare(budget.share)} of calls, at least ${budget.min}`
}
