import { failureLabels, type MetricFacts, metricNames, metrics } from '../../src/telemetry/metrics/catalogue.ts'
import { code, madeFrom, page, table } from './markdown.ts'

export function metricsPage(): string {
  return page([
    '# Metrics',
    madeFrom('`src/telemetry/metrics/catalogue.ts`'),
    'Prometheus text format, served at `/metrics` of the [admin side](configuration.md#admin) (with its token, if set) and on the front at [`metrics.path`](configuration.md#metrics). Without either, nothing is counted.',
    `Units are seconds and bytes. Counters start at 0 with the process. A histogram NAME has the series NAME_bucket, NAME_sum and NAME_count. Metrics that a configuration cannot use are left out: deliveries if no route broadcasts, waiters if no route uses \`callback\`. \`metrics.rename\` gives a metric another name, \`metrics.views\` derives new metrics from it.`,
    table(
      ['Metric', 'Type', 'Labels', 'Meaning'],
      metricNames.map((name) => {
        const { type, labels, help }: MetricFacts = metrics[name]
        return [code(name), type, labelsText(labels), help]
      }),
    ),
    '## Labels',
    table(
      ['Label', 'Values'],
      [
        [
          code('route'),
          'The `match` of the route, such as `GET /api/smart`. `none`: requests that no route serves. `page`: pages of the gateway itself.',
        ],
        [code('upstream'), 'Its name in the configuration.'],
        [code('target'), 'Its name in the configuration, or its host and port if it has no name.'],
        [
          code('status'),
          'The class of the status that the client got. `none`: the client hung up first. In `hedgerow_malformed_requests_total`: the status itself.',
        ],
        [
          code('failure'),
          'A code of [failures](failures.md); `none` for an answer. An answer that broke off has both a good status and a failure.',
        ],
        [
          code('outcome'),
          'How an attempt ended. `cancelled`: another one won, or the client hung up. `invalid`: the answer does not satisfy `success`.',
        ],
        [
          code('end'),
          '`cancelled`: the attempt was stopped early, because another won or the client hung up; its full latency is unknown. `ended`: all others, so the latency of a target is that of `ended`; an attempt that hit a time limit counts with that limit. The series of `cancelled` appear with the first one.',
        ],
        [
          code('kind'),
          'Why a further attempt was sent. `duplicate`: by `first`, `all` and `quorum`, which send several at once.',
        ],
      ],
    ),
    'Useful queries:',
    questions.map(([what, query]) => `- ${what}: ${code(query)}`).join('\n'),
  ])
}

/** PromQL. */
export const questions = [
  ['calls per second', 'sum by (route) (rate(hedgerow_calls_total[1m]))'],
  [
    '99th percentile latency of calls',
    'histogram_quantile(0.99, sum by (route, le) (rate(hedgerow_call_duration_seconds_bucket[5m])))',
  ],
  [
    'attempts that delivered a complete good answer',
    'sum by (target) (rate(hedgerow_attempts_total{outcome="success"}[5m])) - sum by (target) (rate(hedgerow_attempts_broken_total[5m]))',
  ],
  [
    'extra load',
    'sum by (route) (rate(hedgerow_extra_attempts_total[5m])) / sum by (route) (rate(hedgerow_calls_total[5m]))',
  ],
  [
    'share of hedges that win',
    'sum by (route) (rate(hedgerow_hedges_won_total[5m])) / sum by (route) (rate(hedgerow_hedges_sent_total[5m]))',
  ],
  [
    '99th percentile latency of each target',
    'histogram_quantile(0.99, sum by (target, le) (rate(hedgerow_attempt_duration_seconds_bucket{end="ended"}[5m])))',
  ],
  ['failed attempts by target', 'sum by (target) (rate(hedgerow_attempts_total{outcome!~"success|cancelled"}[5m]))'],
  ['event loop utilisation', 'rate(hedgerow_event_loop_active_seconds_total[1m])'],
] as const

function labelsText(labels: MetricFacts['labels']): string {
  return Object.entries(labels)
    .map(([name, values]) => {
      if (values === 'open') return code(name)
      return values === failureLabels ? `${code(name)} (a code)` : `${code(name)} (${values.join(', ')})`
    })
    .join(', ')
}
