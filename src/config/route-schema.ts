import { z } from 'zod'
import { failureCodes } from '../core/failure.ts'
import { duration, wholeNumber } from '../kit/schema.ts'
import { concurrencyOptions, priorityOption } from '../layers/concurrency-limit/options.ts'
import { deadlineOptions } from '../layers/deadline/options.ts'
import { answerForms } from '../layers/timed-answer/timed-answer.ts'
import { matchPattern } from './match.ts'
import { layerKeys } from './registry.ts'
import { checkOneStrategy, strategyKeys, withStrategy } from './route-strategy.ts'

const failureCode = z.enum(
  ['*', ...(Object.keys(failureCodes) as [keyof typeof failureCodes, ...(keyof typeof failureCodes)[]])],
  {
    error: 'a failure code, or * for all others',
  },
)

const failureStatus = wholeNumber({ min: 400, max: 599 })

const failureMapping = z.union(
  [
    failureStatus.transform((status) => ({ status, detail: undefined })),
    z.strictObject({
      status: failureStatus.optional().describe('Default: the status in the catalogue.'),
      detail: z.string().optional().describe('The text sent to the client.'),
    }),
  ],
  { error: 'a status from 400 to 599, or { status, detail }' },
)

export const routeOptions = z
  .strictObject({
    match: matchPattern,
    ...strategyKeys,
    deadline: deadlineOptions.prefault({}),
    ...layerKeys,
    concurrency: concurrencyOptions.optional(),
    priority: priorityOption.prefault('normal'),
    answer: z
      .enum(answerForms, { error: '`pass` or `timed`' })
      .prefault('pass')
      .describe(
        '`pass`: the answer unchanged. `timed`: `{"time": <whole ms>, "api": <the JSON of the answer>}`; the answer must be JSON.',
      ),
    idleTimeout: duration()
      .prefault('30s')
      .describe('How long a streamed body may be silent, or the client read nothing of it. 0ms: no limit.'),
    failures: z
      .partialRecord(failureCode, failureMapping)
      .prefault({})
      .describe('Other statuses and texts for failures, by code; `*` stands for all codes not named.'),
    expose: z
      .enum(['attempts', 'none'], { error: '`attempts` or `none`' })
      .prefault('attempts')
      .describe('Whether a failure lists its attempts: target names, times and outcomes.'),
    explain: z.boolean().prefault(false).describe('Whether answers list their attempts in `Server-Timing`.'),
  })
  .superRefine(checkOneStrategy)
  .transform(withStrategy)
  .describe('How to handle the requests that match.')

/** Code that serves one route takes this type, and so does not know the whole configuration. */
export type RouteConfig = z.output<typeof routeOptions>
