import { z } from 'zod'
import { attemptOutcomes } from '../../core/attempt.ts'
import { type FailureCode, failureCodes } from '../../core/failure.ts'
import { count, ms, share, time, type ViewOf } from '../../kit/view-schema.ts'

/** The live figures as the admin API sends them. */

export const outcome = z.enum(attemptOutcomes)
export const failureCode = z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]])
const outcomes = z.partialRecord(outcome, count)

const callFigures = z.strictObject({
  calls: count.describe('Calls that ended within the second.'),
  inFlight: count,
  failed: count.describe('Calls that ended with a failure not caused by the client, or with status 500 or more.'),
  p50Ms: ms.optional().describe('Over answers of the last ten seconds; absent without any.'),
  p99Ms: ms.optional(),
  attempts: count,
  extraLoad: share.describe(
    'Attempts beyond one per call, as a share of calls; broadcast deliveries and named calls do not count as extra.',
  ),
  rescued: count.describe('Calls answered by an attempt other than the first: the benefit of the extra load.'),
  failures: z.partialRecord(failureCode, count),
})

const targetFigures = z.strictObject({
  upstream: z.string(),
  target: z.string(),
  inFlight: count,
  attempts: count.describe('Attempts that ended within the second.'),
  outcomes,
  p50Ms: ms.optional().describe('Over answers of the last ten seconds; absent without any.'),
  p99Ms: ms.optional(),
})

/** A target since the start and over its last minute, both as of the same moment. */
export const targetState = z.strictObject({
  inFlight: count,
  attempts: count.describe('Since the start.'),
  outcomes: outcomes.describe('Since the start.'),
  lastMinute: z
    .strictObject({ attempts: count, outcomes })
    .describe('The part of the attempts and outcomes since the start that fell in the last 60 ended seconds.'),
  p50Ms: ms.optional().describe('Over answers of the last minute; absent without any.'),
  p99Ms: ms.optional(),
})

/** Values sampled once a second rather than counted. */
const gauges = {
  deliveries: z
    .strictObject({ pending: count, dead: count })
    .optional()
    .describe('Legs of broadcast writes; absent if no route broadcasts.'),
  waiters: count.optional().describe('Clients that wait for a callback; absent if no route uses `callback`.'),
  process: z.strictObject({
    memoryBytes: count,
    loopDelayMs: ms.describe('99th percentile of the event loop delay.'),
    clientConnections: count,
  }),
  workers: z
    .strictObject({ running: count, died: count.describe('Since the start; each was replaced.') })
    .describe('Worker threads.'),
}

export const secondFigures = z.strictObject({
  at: time,
  total: callFigures,
  routes: z
    .record(z.string(), callFigures)
    .describe(
      "By name. `none` (requests without a route) and `page` (the gateway's own pages) appear once they had requests.",
    ),
  targets: z.array(targetFigures),
  ...gauges,
  leftOut: z
    .strictObject({ routes: count, targets: count })
    .exactOptional()
    .describe('Number of routes and targets that are not listed, because only the busiest are; `total` includes them.'),
})

/** Activity of the calls that ended within a second. */
export type CallFigures = ViewOf<typeof callFigures>
/** Activity of the attempts that ended within a second. */
export type TargetFigures = ViewOf<typeof targetFigures>
export type TargetState = ViewOf<typeof targetState>
/** Activity within a second, in total and by route and target. */
export type SecondFigures = ViewOf<typeof secondFigures>
export type Gauges = Pick<SecondFigures, keyof typeof gauges>
export type LeftOut = NonNullable<SecondFigures['leftOut']>
