import { z } from 'zod'
import { duration, shapes, suchAs, wholeNumber } from '../../kit/schema.ts'
import { formatDurationMs } from '../../kit/units.ts'

const most = 1_000_000

const moreThanMax = ({ input }: { readonly input?: unknown }): string =>
  `no more than \`max\` (${(input as { readonly max: number }).max})`

export const concurrencyOptions = z
  .strictObject(
    {
      limit: z
        .union([wholeNumber({ min: 1, max: most }), z.literal('adaptive')], { error: 'a whole number, or `adaptive`' })
        .describe(
          'How many calls may be in flight. `adaptive`: as many as get through without being slowed down, measured as in Gradient2 of Netflix concurrency-limits.',
        ),
      min: wholeNumber({ min: 1, max: most })
        .prefault(20)
        .describe('With `adaptive`: the minimum, and the start value. Netflix has 20.'),
      max: wholeNumber({ min: 1, max: most }).prefault(200).describe('With `adaptive`: the maximum. Netflix has 200.'),
      tolerance: z
        .number({ error: 'a number from 1 to 10' })
        .min(1, { error: 'a number from 1 to 10' })
        .max(10, { error: 'a number from 1 to 10' })
        .register(shapes, { shape: 'number', range: '1 to 10' })
        .prefault(1.5)
        .describe(
          'With `adaptive`: how many times the usual latency calls may take before the limit shrinks. Gradient2 of Netflix has 1.5.',
        ),
      queue: wholeNumber({ min: 0, max: 10_000 })
        .prefault(10)
        .describe(
          'How many more calls may wait for a turn, in all workers; further calls are shed. 0: no call waits. We chose 10: enough for calls that arrive together, and few enough that each soon has its turn. Envoy (`max_pending_requests`) has 1024.',
        ),
      queueTime: duration({ min: 1, max: 60_000 })
        .prefault('100ms')
        .describe(
          'How long a call may wait. Once the queue has not been empty for that long, the newest call has its turn first and none waits more than 2 ms. The 100 ms default is from Facebook ("Fail at Scale", 2015) and CoDel (RFC 8289).',
        ),
    },
    suchAs('{ limit: 50 } or { limit: adaptive }'),
  )
  .refine(({ min, max }) => min <= max, { error: moreThanMax, path: ['min'] })
  .describe(
    'How many calls may be in flight at a time, in all workers; a call that cannot wait for a turn is shed with 503 `OVERLOADED`. A call is in flight until the last byte of its answer has been sent. Default: no limit.',
  )

export type ConcurrencyOptions = z.output<typeof concurrencyOptions>

/** In plain words, for `hedgerow check --explain`. */
export function concurrencyText({ limit, min, max, queue, queueTime }: ConcurrencyOptions): string {
  const calls = limit === 'adaptive' ? `adaptive, ${min} to ${max} calls` : `${limit} in flight`
  return queue === 0 ? `${calls}, no queue` : `${calls}, ${queue} may wait ${formatDurationMs(queueTime)}`
}

const words = { low: 2, normal: 5, high: 8 } as const

export const priorityOption = z
  .union([z.enum(['low', 'normal', 'high']).transform((word) => words[word]), wholeNumber({ min: 0, max: 9 })], {
    error: '`low`, `normal`, `high`, or a whole number from 0 to 9',
  })
  .describe(
    'Which calls go first, and are shed last, when several routes wait for the gateway-wide limit: 9 is the highest, 0 the lowest; `low` is 2, `normal` 5, `high` 8. Needs `concurrency.queue` of the gateway. An overload of lower priorities takes no slots from higher ones.',
  )
