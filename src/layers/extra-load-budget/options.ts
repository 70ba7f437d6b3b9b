import { z } from 'zod'
import { share, wholeNumber } from '../../kit/schema.ts'

const limited = z.strictObject({
  share: share()
    .prefault('20%')
    .describe('Extra attempts as a share of the calls that ask the upstream; Finagle has 20 %.'),
  min: wholeNumber({ min: 0, max: 10_000 })
    .prefault(3)
    .describe(
      "So many in flight are always allowed, so that a quiet upstream can be retried at all; Envoy's has 3. Where answers take 10 ms, 3 are up to 300 a second: 0 holds it to `share`.",
    ),
})

export const extraLoadOption = z
  .union([z.literal('unlimited'), limited], { error: 'a mapping such as { share: 20%, min: 3 }, or `unlimited`' })
  .prefault({})
  .describe(
    'On by default. What all routes together may send beyond one attempt for each call: retries, hedges, and duplicates of `first` with a `budget`. Their own budgets hold as well. Attempts of a route that says `budget: unlimited` are not held to it. What calls have paid for and nobody used is kept, up to 100 attempts.',
  )

export type ExtraLoadOptions = z.output<typeof extraLoadOption>
