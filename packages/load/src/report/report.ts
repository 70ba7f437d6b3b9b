import { isAborted, type Summary } from '../summary.ts'
import { describePace, warnings } from '../text/describe.ts'
import { formatCount, formatMs, formatRate, formatShare } from '../text/format.ts'
import { countRows, quantileRows } from '../text/table.ts'
import { type Bar, barChart, escapeHtml, lineChart } from './chart.ts'
import { style } from './style.ts'

/** A self-contained file: no script, no font, no request to anywhere. */
export function reportHtml(summary: Summary): string {
  const { method, url, startedAt, sendingMs, answersPerSecond, pace } = summary
  const title = `${method} ${url}`
  const facts = `${startedAt}, ${describePace(pace)}, ${formatMs(sendingMs)}, ${formatRate(answersPerSecond)} answers/s`
  const notes = warnings(summary).map(
    (text) => `<p class="${isAborted(summary) ? 'alarm' : 'note'}">${escapeHtml(text)}</p>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(facts)}</p>
${notes.join('\n')}
<div class="tables">${countsTable(summary)}${quantilesTable(summary)}</div>
${charts(summary).join('\n')}
</body>
</html>
`
}

function charts(summary: Summary): readonly string[] {
  const { curve, timeline, counts } = summary
  const middle = (moment: Summary['timeline'][number]): number => moment.startMs + moment.widthMs / 2
  const perSecond = (count: number, widthMs: number): number => (count / widthMs) * 1000
  const drawn: string[] = []
  if (timeline.length > 0) {
    // The end of the run cuts the last interval short, so its rate would seem to fall.
    const whole = timeline.length > 2 ? timeline.slice(0, -1) : timeline
    const rates = (['sent', 'completed', 'failed'] as const).map((name) => ({
      name: name === 'failed' ? 'failed, timed out or late' : name,
      points: whole.map((moment) => [middle(moment), perSecond(moment[name], moment.widthMs)] as const),
    }))
    const latencies = (['p50Ms', 'p99Ms'] as const).map((name) => ({
      name: name.slice(0, 3),
      points: timeline.map((moment) => [middle(moment), moment[name]] as const),
    }))
    drawn.push(lineChart({ title: 'Requests a second', series: rates, xText: formatMs, yText: formatRate }))
    drawn.push(lineChart({ title: 'Latency over time', series: latencies, xText: formatMs, yText: formatMs }))
  }
  if (curve.length > 0) drawn.push(curveChart(curve))
  drawn.push(barChart('Answers by status, and what was not answered', bars(counts)))
  return drawn
}

/** Each step to the right is a tenth of the remaining share: 90 %, 99 %, 99.9 %. */
function curveChart(curve: Summary['curve']): string {
  const nines = (percentile: number): number => -Math.log10(1 - percentile / 100)
  const last = nines(curve.at(-2)?.percentile ?? 0)
  const points = curve.map(({ percentile, ms }) => [percentile === 100 ? last + 0.1 : nines(percentile), ms] as const)
  const xTicks = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999].map(nines).filter((x) => x <= last)
  const xText = (x: number): string => `${Number((100 * (1 - 10 ** -x)).toPrecision(8))} %`
  return lineChart({
    title: 'Latency by percentile',
    series: [{ name: 'latency', points }],
    xText,
    yText: formatMs,
    xTicks,
  })
}

function bars({ statuses, errorKinds, timedOut, abandoned, sent }: Summary['counts']): readonly Bar[] {
  const bar = (label: string, value: number, isBad: boolean): Bar => ({
    label,
    value,
    isBad,
    text: `${formatCount(value)} (${formatShare(value, sent)})`,
  })
  return [
    ...Object.entries(statuses).map(([status, count]) => bar(status, count, Number(status) >= 400)),
    ...Object.entries(errorKinds).map(([kind, { count }]) => bar(kind, count, true)),
    ...(timedOut > 0 ? [bar('timed out', timedOut, true)] : []),
    ...(abandoned > 0 ? [bar('aborted', abandoned, true)] : []),
  ]
}

function countsTable({ counts }: Summary): string {
  return table(countRows(counts).map(([name, count]) => [name, formatCount(count), formatShare(count, counts.sent)]))
}

function quantilesTable({ latency, latencyFromSending, pace }: Summary): string {
  if (latency === undefined) return ''
  const isOpen = pace.kind === 'open' && latencyFromSending !== undefined
  const columns = isOpen ? [latency, latencyFromSending] : [latency]
  const head = isOpen ? ['latency', 'from when due', 'from when sent'] : ['latency', '']
  const rows = quantileRows.map(([name, key]) =>
    [name as string].concat(columns.map((column) => formatMs(column[key]))),
  )
  return table([head, ...rows])
}

function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`)
  return `<table>${cells.join('')}</table>`
}
