import { z } from 'zod'
import { duration, offIs, path, shapes, share, suchAs, synonyms, wholeNumber } from '../../kit/schema.ts'
import { statusRange } from '../../layers/success/options.ts'

/** An upstream's options for the health of its targets. */

export const healthOptions = z
  .strictObject(
    {
      path: path().describe('Path requested with GET, below the path of the target.'),
      interval: duration({ min: 100 })
        .prefault('10s')
        .describe('From the start of one check of a target to the start of the next. The same as in Kubernetes.'),
      jitter: duration()
        .prefault('1s')
        .describe(
          'Maximum random time added to each interval, so that checks do not run in step. We chose a tenth of the default interval; Envoy (`interval_jitter`) adds none by default.',
        ),
      timeout: duration({ min: 1 })
        .prefault('1s')
        .describe('How long a check may take, connection included; Kubernetes uses 1 s.'),
      unhealthy: wholeNumber({ min: 1, max: 100 })
        .prefault(3)
        .describe('Consecutive failed checks that take a target out; HAProxy (`fall`) and Kubernetes use 3.'),
      healthy: wholeNumber({ min: 1, max: 100 })
        .prefault(2)
        .describe('Consecutive good checks that bring a target back; HAProxy (`rise`) uses 2.'),
      status: z
        .array(statusRange, { error: 'a list of statuses such as [200, 3xx]' })
        .min(1)
        .prefault(['2xx'])
        .describe('Statuses of a good check: codes, classes (`2xx`) or ranges (`200-299`).'),
    },
    suchAs('{ path: /health }, or no `health` at all'),
  )
  .describe('Checks every target at regular intervals, from the main thread only. Omit to disable checks.')

export type HealthOptions = z.output<typeof healthOptions>

const outlier = z.strictObject({
  failures: wholeNumber({ min: 1, max: 1000 })
    .prefault(5)
    .describe('Consecutive failed attempts that eject a target; Envoy (`consecutive_5xx`) uses 5.'),
  interval: duration({ min: 1000 })
    .prefault('10s')
    .describe('How often success rates are compared, and ejected targets brought back; Envoy uses 10 s.'),
  ejection: duration({ min: 1000 })
    .prefault('30s')
    .describe(
      'How long an ejection lasts, multiplied by the number of recent ejections; Envoy (`base_ejection_time`) uses 30 s.',
    ),
  maxEjection: duration({ min: 1000 })
    .prefault('300s')
    .describe('Maximum duration of an ejection, unless `ejection` itself is longer; Envoy uses 300 s.'),
  share: share()
    .prefault('10%')
    .describe('Maximum share of the targets ejected at a time; one target always may be. Envoy uses 10 %.'),
  successRate: z
    .strictObject({
      sigma: z
        .number({ error: 'a number from 0 to 10' })
        .min(0, { error: 'a number from 0 to 10' })
        .max(10, { error: 'a number from 0 to 10' })
        .register(shapes, { shape: 'number', range: '0 to 10' })
        .prefault(1.9)
        .describe(
          'A target is ejected if its success rate is this many standard deviations below the mean; Envoy uses 1.9.',
        ),
      targets: wholeNumber({ min: 2, max: 1000 })
        .prefault(5)
        .describe('Minimum number of targets with enough attempts, or nothing is compared; Envoy uses 5.'),
      attempts: wholeNumber({ min: 1, max: 1_000_000 })
        .prefault(100)
        .describe('Attempts in one interval that a target needs for its success rate to count; Envoy uses 100.'),
    })
    .prefault({})
    .describe('Compares the targets with each other, once an interval.'),
})

export const outlierOptions = z
  .union([z.literal('off'), outlier], { error: '`off`, or a mapping such as { failures: 5, ejection: 30s }' })
  .describe(
    "On by default. Ejects targets that fail when others do not, judged by the outcomes of attempts: no connection, a broken connection, no answer in time, invalid HTTP, status 5xx. For upstreams with at least two targets. Modelled on Envoy's outlier detection.",
  )

export type OutlierOptions = z.output<typeof outlier>

export const restOption = duration({ max: 3_600_000 })
  .register(synonyms, offIs('0ms'))
  .prefault('300s')
  .describe(
    'Maximum rest of a target that answers 429 or 503 with `Retry-After` (RFC 9110, 10.2.3; seconds, or a date up to 300 s ahead). It gets no attempts for as long as it asks, up to this limit; the last available target never rests. 0ms: no rests. We chose 300 s, the longest ejection.',
  )

export const panicOption = share()
  .register(synonyms, offIs('0%'))
  .prefault('50%')
  .describe(
    'If a smaller share of the targets is healthy, ejections and checks are considered wrong and all targets are used: the full load would bring down the remaining ones too. Envoy uses 50 %. 0%: never; calls get 503 `NO_TARGET` when no target is healthy.',
  )

export const breakerOptions = z
  .strictObject(
    {
      failures: share()
        .refine((value) => value > 0, { error: 'a share above 0%, such as 50%' })
        .register(shapes, { shape: 'share', range: 'more than 0%, to 100%' })
        .prefault('50%')
        .describe('Share of failed attempts at which the breaker opens; resilience4j uses 50 %.'),
      window: duration({ min: 1000 })
        .prefault('10s')
        .describe('Window: only attempts within this time count; Polly uses 30 s, Hystrix 10 s.'),
      minimum: wholeNumber({ min: 1, max: 1_000_000 })
        .prefault(20)
        .describe('With fewer attempts in the window the breaker does not change; Hystrix uses 20.'),
      open: duration({ min: 100 })
        .prefault('30s')
        .describe('How long nothing is sent; then one attempt decides. Polly uses 5 s, resilience4j 60 s.'),
    },
    suchAs('{ failures: 50%, open: 30s }, or no `breaker` at all'),
  )
  .describe(
    'A circuit breaker for each target. Open: nothing is sent to the target, regardless of other settings. Half open: exactly one attempt in the whole gateway; a good one closes the breaker, a bad one opens it again. Omit to disable breakers.',
  )

export type BreakerOptions = z.output<typeof breakerOptions>

/** The health options in `upstreams.NAME`. */
export const healthShape = {
  health: healthOptions.optional(),
  outlier: outlierOptions.prefault({}),
  breaker: breakerOptions.optional(),
  rest: restOption,
  panic: panicOption,
}
