import { z } from 'zod'
import { duration, offIs, path, shapes, share, suchAs, synonyms, wholeNumber } from '../../kit/schema.ts'
import { statusRange } from '../../layers/success/options.ts'

/** What an upstream says of the health of its targets. */

export const healthOptions = z
  .strictObject(
    {
      path: path().describe('What is asked with GET, behind the path of the target.'),
      interval: duration({ min: 100 })
        .prefault('10s')
        .describe('From the beginning of one check of a target to the next. Kubernetes probes as often.'),
      jitter: duration()
        .prefault('1s')
        .describe(
          'Up to so much is added to each interval, so that checks do not come in step. A tenth of the usual interval: ours, as Envoy (`interval_jitter`) has none of itself.',
        ),
      timeout: duration({ min: 1 })
        .prefault('1s')
        .describe('How long a check may take, its connection included; Kubernetes has 1 s.'),
      unhealthy: wholeNumber({ min: 1, max: 100 })
        .prefault(3)
        .describe('So many failed checks in a row take a target out; HAProxy (`fall`) and Kubernetes have 3.'),
      healthy: wholeNumber({ min: 1, max: 100 })
        .prefault(2)
        .describe('So many good checks in a row bring it back; HAProxy (`rise`) has 2.'),
      status: z
        .array(statusRange, { error: 'a list of statuses such as [200, 3xx]' })
        .min(1)
        .prefault(['2xx'])
        .describe('The statuses of a good check: codes, classes (`2xx`) or ranges (`200-299`).'),
    },
    suchAs('{ path: /health }, or no `health` at all'),
  )
  .describe('Has every target asked from time to time, by the main thread alone. Without it there are no checks.')

export type HealthOptions = z.output<typeof healthOptions>

const outlier = z.strictObject({
  failures: wholeNumber({ min: 1, max: 1000 })
    .prefault(5)
    .describe('So many failed attempts in a row eject a target; Envoy (`consecutive_5xx`) has 5.'),
  interval: duration({ min: 1000 })
    .prefault('10s')
    .describe('How often the success rates are compared, and ejected targets brought back; Envoy has 10 s.'),
  ejection: duration({ min: 1000 })
    .prefault('30s')
    .describe('How long an ejection lasts, times the ejections of late; Envoy (`base_ejection_time`) has 30 s.'),
  maxEjection: duration({ min: 1000 })
    .prefault('300s')
    .describe('No ejection lasts longer, unless `ejection` itself is; Envoy has 300 s.'),
  share: share()
    .prefault('10%')
    .describe('Of the targets at most so many are ejected at a time, and one at least may be; Envoy has 10 %.'),
  successRate: z
    .strictObject({
      sigma: z
        .number({ error: 'a number from 0 to 10' })
        .min(0, { error: 'a number from 0 to 10' })
        .max(10, { error: 'a number from 0 to 10' })
        .register(shapes, { shape: 'number', range: '0 to 10' })
        .prefault(1.9)
        .describe('Ejected is whose success rate lies so many standard deviations below the mean; Envoy has 1.9.'),
      targets: wholeNumber({ min: 2, max: 1000 })
        .prefault(5)
        .describe('So many targets need enough attempts, or nothing is compared; Envoy has 5.'),
      attempts: wholeNumber({ min: 1, max: 1_000_000 })
        .prefault(100)
        .describe('In one interval, for the success rate of a target to count; Envoy has 100.'),
    })
    .prefault({})
    .describe('Compares the targets with each other, once an interval.'),
})

export const outlierOptions = z
  .union([z.literal('off'), outlier], { error: '`off`, or a mapping such as { failures: 5, ejection: 30s }' })
  .describe(
    "On by default. Takes targets out that fail where others do not, by what becomes of the attempts at them: no connection, one that breaks, no answer in time, broken HTTP, status 5xx. For upstreams with two targets or more. After Envoy's outlier detection.",
  )

export type OutlierOptions = z.output<typeof outlier>

export const restOption = duration({ max: 3_600_000 })
  .register(synonyms, offIs('0ms'))
  .prefault('300s')
  .describe(
    'A target that answers 429 or 503 with `Retry-After` (RFC 9110, 10.2.3; seconds, or a date up to 300 s ahead) is left alone for that long, and no longer than this; the last one available never is. 0ms: it is not. 300 s are ours: as long as the longest ejection.',
  )

export const panicOption = share()
  .register(synonyms, offIs('0%'))
  .prefault('50%')
  .describe(
    'Where a smaller share of the targets is well, ejection and checks are taken for wrong, and all are asked: to send what is left of the targets all of the load would end them too. Envoy has 50 %. 0%: never; where none is well calls get 503 `NO_TARGET`.',
  )

export const breakerOptions = z
  .strictObject(
    {
      failures: share()
        .refine((value) => value > 0, { error: 'a share above 0%, such as 50%' })
        .register(shapes, { shape: 'share', range: 'more than 0%, to 100%' })
        .prefault('50%')
        .describe('The share of failed attempts from which it opens; resilience4j has 50 %.'),
      window: duration({ min: 1000 })
        .prefault('10s')
        .describe('Attempts of the last so much time count; Polly samples 30 s, Hystrix 10 s.'),
      minimum: wholeNumber({ min: 1, max: 1_000_000 })
        .prefault(20)
        .describe('With fewer attempts in the window it stays as it is; Hystrix has 20.'),
      open: duration({ min: 100 })
        .prefault('30s')
        .describe('How long nothing is sent; then one attempt decides. Polly and resilience4j have 5 s and 60 s.'),
    },
    suchAs('{ failures: 50%, open: 30s }, or no `breaker` at all'),
  )
  .describe(
    'A breaker for each target. Open: nothing is sent to it, whatever else is said. Half open: exactly one attempt, of the whole gateway; good closes it, bad opens it again. Without it there is none.',
  )

export type BreakerOptions = z.output<typeof breakerOptions>

/** What `upstreams.NAME` has of it. */
export const healthShape = {
  health: healthOptions.optional(),
  outlier: outlierOptions.prefault({}),
  breaker: breakerOptions.optional(),
  rest: restOption,
  panic: panicOption,
}
