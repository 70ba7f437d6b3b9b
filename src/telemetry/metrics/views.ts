import { type MetricFacts, metrics } from './catalogue.ts'
import type { ViewOptions } from './options.ts'
import type { Sample } from './sample.ts'

/** The samples of a view: the selected samples of its metric, summed by the labels that it keeps. */
export function viewSamples({ where, labels }: ViewOptions, samples: readonly Sample[]): readonly Sample[] {
  const wanted = Object.entries(where).map(([label, value]) => [label, [value].flat()] as const)
  const kept = Object.entries(labels)
  const sums = new Map<string, { labels: Record<string, string>; value: number }>()
  // An empty sum without labels is 0; with labels there is no series.
  if (kept.length === 0) sums.set('[]', { labels: {}, value: 0 })
  for (const sample of samples) {
    if (!wanted.every(([label, values]) => values.includes(sample.labels[label] ?? ''))) continue
    const values = kept.map(([name, from]) => [name, sample.labels[from] ?? ''] as const)
    const key = JSON.stringify(values)
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { labels: Object.fromEntries(values), value: sample.value })
    else sum.value += sample.value
  }
  return [...sums.values()]
}

export function viewFacts({ from, help, where, labels }: ViewOptions): Pick<MetricFacts, 'type' | 'help'> {
  const { type } = metrics[from]
  const conditions = Object.entries(where).map(([label, value]) => `${label} is ${[value].flat().join(' or ')}`)
  const condition = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`
  const by = Object.values(labels).length === 0 ? '' : `, by ${Object.values(labels).join(' and ')}`
  return { type, help: help ?? `Sum of ${from}${condition}${by}.` }
}
