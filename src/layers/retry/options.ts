import { z } from 'zod'
import { duration, share, suchAs, wholeNumber } from '../../kit/schema.ts'
import { formatDurationMs, formatShare } from '../../kit/units.ts'

export const retryOptions = z
  .strictObject(
    {
      attempts: wholeNumber({ min: 2, max: 10 })
        .prefault(2)
        .describe(
          'Total attempts, including the first. nginx and Envoy also retry once by default when retries are enabled.',
        ),
      backoff: z
        .strictObject(
          {
            base: duration({ min: 1 })
              .prefault('25ms')
              .describe('The first wait is random, from 0 to this; Envoy has 25 ms.'),
            max: duration({ min: 1 })
              .prefault('250ms')
              .describe('Upper bound on the range of every wait; Envoy has 250 ms.'),
          },
          suchAs('{ base: 25ms, max: 250ms }'),
        )
        .prefault({})
        .describe('Full jitter: uniform from 0 to min(max, base x 2^n), where n is the number of retries so far.'),
      budget: share()
        .prefault('20%')
        .describe('Retries in flight, as a share of all attempts in flight at the upstream; Envoy has 20 %.'),
      minBudget: wholeNumber({ min: 0, max: 10_000 })
        .prefault(3)
        .describe('Number of retries in flight that are always allowed; Envoy has 3.'),
    },
    suchAs('{ attempts: 2 }'),
  )
  .describe('Retries failed attempts when that is safe and the budget allows it.')

export type RetryOptions = z.output<typeof retryOptions>

/** In plain words, for `hedgerow check --explain`. */
export function retryText({ attempts, backoff, budget, minBudget }: RetryOptions): string {
  const waits = `waits up to ${formatDurationMs(backoff.base)}, then ${formatDurationMs(backoff.max)}`
  return `${attempts} attempts, ${waits}, budget ${formatShare(budget)} (at least ${minBudget})`
}
