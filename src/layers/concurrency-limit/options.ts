import { z } from 'zod'
import { duration, shapes, suchAs, wholeNumber } from '../../kit/schema.ts'

const most = 1_000_000

const moreThanMax = ({ input }: { readonly input?: unknown }): string =>
  `no more than \`max\` (${(input as { readonly max: number }).max})`

export const concurrencyOptions = z
  .strictObject(
    {
      limit: z
        .union([wholeNumber({ min: 1, max: most }), z.literal('adaptive')], { error: 'a whole number, or `adaptive`' })
        .describe(
          'How many calls may be in flight. `adaptive`: as many as get through without being slowed down, found out as Gradient2 of Netflix concurrency-limits does.',
        ),
      min: wholeNumber({ min: 1, max: most })
        .prefault(20)
        .describe('With `adaptive`: never less, and where it begins. Netflix has 20.'),
      max: wholeNumber({ min: 1, max: most }).prefault(200).describe('With `adaptive`: never more. Netflix has 200.'),
      tolerance: z
        .number({ error: 'a number from 1 to 10' })
        .min(1, { error: 'a number from 1 to 10' })
        .max(10, { error: 'a number from 1 to 10' })
        .register(shapes, { shape: 'number', range: '1 to 10' })
        .prefault(1.5)
        .describe(
          'With `adaptive`: how much longer than usual calls may take before the limit shrinks. Netflix had 1.5 in Gradient2.',
        ),
      queue: wholeNumber({ min: 0, max: 10_000 })
        .prefault(10)
        .describe(
          'How many further calls may wait for a turn, in all workers; more are shed. 0: none waits. 10 are ours: enough for calls that come together, and few enough that each has its turn soon. Envoy (`max_pending_requests`) has 1024.',
        ),
      queueTime: duration({ min: 1, max: 60_000 })
        .prefault('100ms')
        .describe(
          'How long a call may wait. When somebody has waited without a break for as long, the newest goes first and nobody waits for more than 2 ms. 100 ms are those of Facebook ("Fail at Scale", 2015), and of CoDel (RFC 8289).',
        ),
    },
    suchAs('{ limit: 50 } or { limit: adaptive }'),
  )
  .refine(({ min, max }) => min <= max, { error: moreThanMax, path: ['min'] })
  .describe(
    'How many calls may be in flight at a time, in all workers; what cannot wait for a turn is shed with 503 `OVERLOADED`. A call is in flight until its answer has been sent to its end. Default: no limit.',
  )

export type ConcurrencyOptions = z.output<typeof concurrencyOptions>

const words = { low: 2, normal: 5, high: 8 } as const

export const priorityOption = z
  .union([z.enum(['low', 'normal', 'high']).transform((word) => words[word]), wholeNumber({ min: 0, max: 9 })], {
    error: '`low`, `normal`, `high`, or a whole number from 0 to 9',
  })
  .describe(
    'Which calls have their turn first, and are shed last, where calls of several routes wait for one of the gateway, which takes a `queue` there: 9 goes before 0; `low` is 2, `normal` 5, `high` 8. It takes a `queue` there. What overloads a lower priority leaves a higher one its turns.',
  )
