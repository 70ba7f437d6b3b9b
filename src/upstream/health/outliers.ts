import type { OutlierOptions } from './options.ts'

/** The decisions of outlier ejection, after Envoy's outlier detection (architecture overview, "Outlier detection"). */

/** How many targets may be ejected at a time. */
export function mostEjected(targets: number, share: number): number {
  return Math.max(1, Math.floor(targets * share + 1e-9))
}

/** `times`: recent ejections, this one included. */
export function ejectionMs({ ejection, maxEjection }: OutlierOptions, times: number): number {
  return Math.min(Math.max(ejection, maxEjection), ejection * times)
}

/** Outcomes of a target's attempts in one interval. */
export interface Tally {
  readonly good: number
  readonly bad: number
}

/** Indexes of the targets whose success rate is too far below the others', the worst first. */
export function belowTheOthers(tallies: readonly Tally[], options: OutlierOptions['successRate']): readonly number[] {
  const rates: { readonly index: number; readonly rate: number }[] = []
  for (const [index, { good, bad }] of tallies.entries()) {
    if (good + bad >= options.attempts) rates.push({ index, rate: good / (good + bad) })
  }
  if (rates.length < options.targets) return []
  const mean = rates.reduce((sum, { rate }) => sum + rate, 0) / rates.length
  const variance = rates.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / rates.length
  const least = mean - options.sigma * Math.sqrt(variance)
  // Equal rates can differ from their mean in the last bit.
  return rates
    .filter(({ rate }) => rate < least - 1e-9)
    .sort((a, b) => a.rate - b.rate)
    .map(({ index }) => index)
}
