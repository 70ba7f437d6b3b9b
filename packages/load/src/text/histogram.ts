import type { Span } from '../coarse-histogram.ts'
import { formatCount, formatMs } from './format.ts'

const barWidth = 40
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** One line per span, its bar proportional to its share of the largest. */
export function histogramText(spans: readonly Span[]): string {
  const largest = Math.max(...spans.map(({ count }) => count))
  const countWidth = formatCount(largest).length
  return spans
    .map(({ fromMs, toMs, count }) => {
      const label = `${formatMs(fromMs).padStart(8)} - ${formatMs(toMs).padStart(8)}`
      return `  ${label}  ${formatCount(count).padStart(countWidth)}  ${bar(count / largest)}`.trimEnd()
    })
    .join('\n')
}

/** Any count above zero is visible. */
function bar(share: number): string {
  const steps = share === 0 ? 0 : Math.max(1, Math.round(share * barWidth * 8))
  return '█'.repeat(Math.floor(steps / 8)) + (eighths[steps % 8] as string)
}
