import { z } from 'zod'
import { duration, share, suchAs, wholeNumber } from '../../kit/schema.ts'

export const retryOptions = z
  .strictObject(
    {
      attempts: wholeNumber({ min: 2, max: 10 })
        .prefault(2)
        .describe(
          'Attempts in all, the first one included. nginx and Envoy also retry once by default where asked to.',
        ),
      backoff: z
        .strictObject(
          {
            base: duration({ min: 1 })
              .prefault('25ms')
              .describe('The first wait is drawn from 0 to this; Envoy has 25 ms.'),
            max: duration({ min: 1 })
              .prefault('250ms')
              .describe('No wait is drawn from more than this; Envoy has 250 ms.'),
          },
          suchAs('{ base: 25ms, max: 250ms }'),
        )
        .prefault({})
        .describe('Full jitter: uniform in 0 to min(max, base x 2^n), n counting the retries before.'),
      budget: share()
        .prefault('20%')
        .describe('Retries in flight, as a share of all attempts in flight at the upstream; Envoy has 20 %.'),
      minBudget: wholeNumber({ min: 0, max: 10_000 })
        .prefault(3)
        .describe('So many retries in flight are always allowed; Envoy has 3.'),
    },
    suchAs('{ attempts: 2 }'),
  )
  .describe('Tries again what failed, where it is safe and the budget allows it.')

export type RetryOptions = z.output<typeof retryOptions>
