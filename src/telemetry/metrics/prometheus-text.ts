import type { MetricFacts } from './catalogue.ts'
import type { Sample } from './sample.ts'

/** A metric as exported: under its own name, or as a view. */
export interface MetricFamily extends Pick<MetricFacts, 'type' | 'help'> {
  readonly name: string
  readonly samples: readonly Sample[]
}

/** Prometheus' text exposition format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join('\n')
}

function familyText({ name, type, help, samples }: MetricFamily): string {
  let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
  for (const { labels, value, suffix = '' } of samples)
    text += `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`
  return text
}

function labelText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabelValue(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"')
}

/** Go's `ParseFloat` reads it: JavaScript and Go write numbers the same way, except infinity. */
function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
