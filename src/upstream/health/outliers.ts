import type { OutlierOptions } from './options.ts'

/** The judgement of outlier ejection, after Envoy's outlier detection (architecture overview, "Outlier detection"). */

/** How many may be ejected at a time. */
export function mostEjected(targets: number, share: number): number {
  return Math.max(1, Math.floor(targets * share + 1e-9))
}

/** `times`: ejections of late, this one included. */
export function ejectionMs({ ejection, maxEjection }: OutlierOptions, times: number): number {
  return Math.min(Math.max(ejection, maxEjection), ejection * times)
}

/** What came of a target's attempts in one interval. */
export interface Tally {
  readonly good: number
  readonly bad: number
}

/** The places of those whose success rate is too far below the others', the worst first. */
export function belowTheOthers(tallies: readonly Tally[], options: OutlierOptions['successRate']): readonly number[] {
  const rates: { readonly place: number; readonly rate: number }[] = []
  for (const [place, { good, bad }] of tallies.entries()) {
    if (good + bad >= options.attempts) rates.push({ place, rate: good / (good + bad) })
  }
  if (rates.length < options.targets) return []
  const mean = rates.reduce((sum, { rate }) => sum + rate, 0) / rates.length
  const variance = rates.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / rates.length
  const least = mean - options.sigma * Math.sqrt(variance)
  // Rates that are all the same differ from their mean by the last bit.
  return rates
    .filter(({ rate }) => rate < least - 1e-9)
    .sort((a, b) => a.rate - b.rate)
    .map(({ place }) => place)
}
