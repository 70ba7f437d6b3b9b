import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { escapeHtml, evenTicks, lineChart } from '../report/chart.ts'
import { reportHtml } from '../report/report.ts'
import { isAborted, type Summary } from '../summary.ts'
import { formatCount, formatMs, formatShare } from './format.ts'
import { histogramText } from './histogram.ts'
import { summaryText } from './table.ts'

const quantiles = {
  count: 9,
  minMs: 1,
  meanMs: 2,
  maxMs: 9,
  p50Ms: 2,
  p75Ms: 3,
  p90Ms: 4,
  p95Ms: 5,
  p99Ms: 6,
  p999Ms: 7,
  p9999Ms: 8,
}

const summary: Summary = {
  url: 'http://x/<script>alert(1)</script>',
  method: 'GET',
  startedAt: '2030-01-01T00:00:00.000Z',
  pace: { kind: 'closed', users: 2 },
  end: 'finished',
  elapsedMs: 1000,
  sendingMs: 1000,
  answersPerSecond: 12.5,
  counts: {
    sent: 16,
    completed: 9,
    late: 1,
    badStatus: 2,
    errors: 3,
    timedOut: 1,
    abandoned: 0,
    inFlight: 0,
    unsent: 0,
    statuses: { 200: 10, 503: 2 },
    errorKinds: { reset: { count: 3, example: 'read \u001B[31mECONNRESET' } },
  },
  latency: quantiles,
  latencyFromSending: quantiles,
  curve: [
    { percentile: 0, ms: 1 },
    { percentile: 50, ms: 2 },
    { percentile: 100, ms: 9 },
  ],
  histogram: [
    { fromMs: 1, toMs: 2, count: 3 },
    { fromMs: 2, toMs: 4, count: 6 },
  ],
  timeline: [
    { startMs: 0, widthMs: 100, sent: 9, ended: 9, completed: 7, failed: 2, p50Ms: 2, p99Ms: 9 },
    { startMs: 100, widthMs: 100, sent: 7, ended: 7, completed: 2, failed: 5, p50Ms: undefined, p99Ms: undefined },
  ],
  testerBusy: 0.5,
}

describe('figures', () => {
  it('have three digits and a suitable unit', () => {
    assert.deepEqual(
      [0.001, 0.4242, 9.996, 99.96, 999.4, 999.6, 12_345, 90_000, undefined].map((ms) => formatMs(ms)),
      ['0.00 ms', '0.42 ms', '10.0 ms', '100 ms', '999 ms', '1.00 s', '12.3 s', '1.5 min', '-'],
    )
    assert.deepEqual([0, 999, 1000, 1_234_567].map(formatCount), ['0', '999', '1,000', '1,234,567'])
  })

  it('never round a few failures to none, or nearly all to all', () => {
    assert.equal(formatShare(1, 1_000_000), '<0.01 %')
    assert.equal(formatShare(999_999, 1_000_000), '>99.99 %')
    assert.equal(formatShare(0, 10), '0.00 %')
    assert.equal(formatShare(10, 10), '100.00 %')
    assert.equal(formatShare(0, 0), '-')
  })
})

describe('the table', () => {
  it('shows each count separately, and the counts add up', () => {
    const text = summaryText(summary)
    const count = (name: string): number => Number(new RegExp(`^  ${name} +([\\d,]+)`, 'm').exec(text)?.[1])
    const parts = ['completed', 'late', 'failed by status', 'failed without answer', 'timed out'].map(count)
    assert.deepEqual(parts, [9, 1, 2, 3, 1])
    assert.equal(
      parts.reduce((a, b) => a + b),
      count('sent'),
    )
    assert.match(text, /503 Service Unavailable +2/)
    assert.ok(!text.includes('\u001B'), 'nothing that steers the terminal')
  })

  it('says first if the run was aborted', () => {
    assert.match(summaryText({ ...summary, end: 'interrupted' }), /ABORTED: interrupted after 1\.00 s/)
    assert.match(summaryText({ ...summary, end: 'target gone' }), /ABORTED: the target was gone/)
    const silent = { ...summary, counts: { ...summary.counts, completed: 0, late: 0, badStatus: 0 } }
    assert.match(summaryText(silent), /FAILED: no request was answered/)
    assert.deepEqual([summary, { ...summary, end: 'stopped' as const }, silent].map(isAborted), [false, false, true])
  })

  it('says if this program itself was the bottleneck', () => {
    assert.match(summaryText({ ...summary, testerBusy: 0.97 }), /busy 97 %/)
  })

  it('shows both latencies for an open loop', () => {
    const pace = { kind: 'open', perSecond: 5, maxConnections: 2 } as const
    assert.match(summaryText({ ...summary, pace }), /from when due +from when sent/)
  })
})

describe('the histogram', () => {
  it('has bars in proportion, and shows the smallest', () => {
    const lines = histogramText([
      { fromMs: 1, toMs: 2, count: 1 },
      { fromMs: 2, toMs: 3, count: 5000 },
      { fromMs: 3, toMs: 4, count: 2500 },
      { fromMs: 4, toMs: 5, count: 0 },
    ]).split('\n')
    assert.deepEqual(
      lines.map((line) => line.replaceAll(/[^█▏]/g, '').length),
      [1, 40, 20, 0],
    )
  })
})

describe('the report', () => {
  it('is self-contained, and escapes all text from the target', () => {
    const html = reportHtml(summary)
    assert.doesNotMatch(html, /<script|<link|<img|src=|@import|url\(/)
    assert.doesNotMatch(html.replaceAll('http://x/&lt;script', ''), /https?:/)
    assert.ok(html.includes('&lt;script&gt;'))
    assert.equal(html.match(/<svg /g)?.length, 4)
    assert.doesNotMatch(html, /NaN|Infinity|undefined/)
  })

  it('can be made from a run in which nothing happened', () => {
    const nothing = {
      ...summary.counts,
      sent: 0,
      completed: 0,
      late: 0,
      badStatus: 0,
      errors: 0,
      timedOut: 0,
      statuses: {},
      errorKinds: {},
    }
    const html = reportHtml({
      ...summary,
      counts: nothing,
      latency: undefined,
      latencyFromSending: undefined,
      curve: [],
      histogram: [],
      timeline: [],
    })
    assert.doesNotMatch(html, /NaN|Infinity|undefined/)
  })

  it('escapes, and draws gaps where nothing was measured', () => {
    assert.equal(escapeHtml(`<a b="c">&'`), '&lt;a b=&quot;c&quot;&gt;&amp;&#39;')
    const svg = lineChart({
      title: 't',
      series: [
        {
          name: 's',
          points: [
            [0, 1],
            [1, undefined],
            [2, 2],
          ],
        },
      ],
      xText: String,
      yText: String,
    })
    assert.equal(svg.match(/d="([^"]*)"/)?.[1]?.match(/M/g)?.length, 2)
    assert.deepEqual(evenTicks(10), [0, 5, 10])
    assert.deepEqual(evenTicks(0.9), [0, 0.5, 1])
  })
})
