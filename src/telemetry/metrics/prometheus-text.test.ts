import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { promtool } from '../../../test/kit/prometheus.ts'
import { type MetricFamily, prometheusText } from './prometheus-text.ts'

const gauge = (samples: MetricFamily['samples'], help = 'For a test.'): MetricFamily => ({
  name: 'a_value',
  type: 'gauge',
  help,
  samples,
})

const histogram: MetricFamily = {
  name: 'a_duration_seconds',
  type: 'histogram',
  help: 'For a test.',
  samples: [
    { suffix: '_bucket', labels: { route: '/', le: '0.1' }, value: 1 },
    { suffix: '_bucket', labels: { route: '/', le: '+Inf' }, value: 3 },
    { suffix: '_sum', labels: { route: '/' }, value: 1.25 },
    { suffix: '_count', labels: { route: '/' }, value: 3 },
  ],
}

describe('prometheusText', () => {
  it('writes HELP, TYPE and a line for each sample of a metric', () => {
    const text = prometheusText([gauge([{ labels: {}, value: 1 }]), histogram])
    assert.equal(
      text,
      `# HELP a_value For a test.
# TYPE a_value gauge
a_value 1

# HELP a_duration_seconds For a test.
# TYPE a_duration_seconds histogram
a_duration_seconds_bucket{route="/",le="0.1"} 1
a_duration_seconds_bucket{route="/",le="+Inf"} 3
a_duration_seconds_sum{route="/"} 1.25
a_duration_seconds_count{route="/"} 3
`,
    )
  })

  it('escapes backslashes, line feeds and the quotes of label values', () => {
    const text = prometheusText([gauge([{ labels: { path: 'a\\b\n"c"' }, value: 1 }], 'a\\b\n"c"')])
    assert.match(text, /^# HELP a_value a\\\\b\\n"c"\n/)
    assert.match(text, /\na_value\{path="a\\\\b\\n\\"c\\""\} 1\n$/)
  })

  for (const [value, written] of [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [1e21, '1e+21'],
    [1.5e-7, '1.5e-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ] as const) {
    it(`writes ${written} as Prometheus reads it`, () => {
      assert.equal(prometheusText([gauge([{ labels: {}, value }])]).split('\n')[2], `a_value ${written}`)
    })
  }

  it('writes nothing without metrics', () => {
    assert.equal(prometheusText([]), '')
  })

  it('passes promtool with every kind of value, label and help', (t) => {
    const values = [0, -1.5, 1e21, 1.5e-7, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const labels = ['plain', '', 'a\\b', 'a\nb', '"', 'ä€\u{1F600}']
    const odd = gauge(
      values.flatMap((value) => labels.map((label) => ({ labels: { label, value: String(value) }, value }))),
      'With \\ and a\nline.',
    )
    const found = promtool(t, ['check', 'metrics'], prometheusText([odd, histogram]))
    if (found !== undefined) assert.deepEqual(found, { status: 0, told: '' })
  })
})
