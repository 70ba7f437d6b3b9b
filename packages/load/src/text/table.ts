import { STATUS_CODES } from 'node:http'
import type { Quantiles } from '../fine-histogram.ts'
import type { Summary } from '../summary.ts'
import type { Counts } from '../tally.ts'
import { describePace, warnings } from './describe.ts'
import { formatCount, formatMs, formatRate, formatShare } from './format.ts'
import { histogramText } from './histogram.ts'

/** The summary printed at the end. */
export function summaryText(summary: Summary): string {
  const { method, url, pace, sendingMs, answersPerSecond, latency, histogram } = summary
  const sections = [
    `${method} ${url}\n${describePace(pace)}, ${formatMs(sendingMs)}, ${formatRate(answersPerSecond)} answers/s`,
    warnings(summary).join('\n'),
    countsText(summary),
    statusesText(summary),
    errorsText(summary),
    latency === undefined ? '' : quantilesText(summary, latency),
    histogram.length === 0 ? '' : `Latency\n${histogramText(histogram)}`,
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

/** All counts into which requests fall, and their sum. Rare ones are shown only if they occurred. */
export function countRows(counts: Counts): readonly (readonly [string, number])[] {
  return [
    ['completed', counts.completed],
    ...(counts.late > 0 ? [['late', counts.late] as const] : []),
    ['failed by status', counts.badStatus],
    ['failed without answer', counts.errors],
    ['timed out', counts.timedOut],
    ...(counts.abandoned > 0 ? [['aborted', counts.abandoned] as const] : []),
    ['sent', counts.sent],
  ]
}

function countsText({ counts }: Summary): string {
  const width = formatCount(counts.sent).length
  return countRows(counts)
    .map(
      ([name, count]) =>
        `  ${name.padEnd(22)} ${formatCount(count).padStart(width)}  ${formatShare(count, counts.sent)}`,
    )
    .join('\n')
}

function statusesText({ counts }: Summary): string {
  const rows = Object.entries(counts.statuses).map(
    ([status, count]) => `  ${`${status} ${STATUS_CODES[status] ?? ''}`.padEnd(30)} ${formatCount(count)}`,
  )
  return rows.length === 0 ? '' : `Answers by status\n${rows.join('\n')}`
}

function errorsText({ counts }: Summary): string {
  const rows = Object.entries(counts.errorKinds).map(
    ([kind, { count, example }]) => `  ${kind.padEnd(30)} ${formatCount(count)}  (${printable(example)})`,
  )
  return rows.length === 0 ? '' : `Failed without answer\n${rows.join('\n')}`
}

function quantilesText({ latencyFromSending, pace }: Summary, latency: Quantiles): string {
  const isOpen = pace.kind === 'open' && latencyFromSending !== undefined
  const columns = isOpen
    ? [['from when due', latency] as const, ['from when sent', latencyFromSending] as const]
    : [['', latency] as const]
  const head = isOpen ? `${'Latency'.padEnd(9)}${columns.map(([name]) => name.padStart(16)).join('')}\n` : ''
  const rows = quantileRows.map(
    ([name, key]) => `  ${name.padEnd(7)}${columns.map(([, of]) => formatMs(of[key]).padStart(16)).join('')}`,
  )
  return head + rows.join('\n')
}

export const quantileRows = [
  ['min', 'minMs'],
  ['mean', 'meanMs'],
  ['p50', 'p50Ms'],
  ['p75', 'p75Ms'],
  ['p90', 'p90Ms'],
  ['p95', 'p95Ms'],
  ['p99', 'p99Ms'],
  ['p99.9', 'p999Ms'],
  ['p99.99', 'p9999Ms'],
  ['max', 'maxMs'],
] as const satisfies readonly (readonly [string, keyof Quantiles])[]

/** Text that comes from a peer must not control the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 120)
}
