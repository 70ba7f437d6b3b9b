export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** The smallest value that at least `share` (0 to 1) of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

export interface Interval {
  readonly low: number
  readonly median: number
  readonly high: number
}

/**
 * The median with its 95 % confidence interval, which assumes nothing about the distribution: the median lies between
 * two order statistics whose ranks follow from the binomial distribution (Conover, "Practical Nonparametric
 * Statistics").
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = lowRank(sorted.length)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  return { low: at(rank), median: median(values), high: at(sorted.length - 1 - rank) }
}

/** The largest rank, from 0, below which the median lies with a probability of at most 2.5 %. */
function lowRank(count: number): number {
  let term = 0.5 ** count
  let below = term
  let rank = 0
  while (below <= 0.025 && rank < count) {
    term *= (count - rank) / (rank + 1)
    below += term
    rank++
  }
  return Math.max(0, rank - 1)
}
