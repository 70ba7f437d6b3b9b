export type Labels = Readonly<Record<string, string>>

/** One line of a metric. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
  /** Suffix of a histogram sample: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string
}

export type Read = (cell: number) => number

/**
 * Samples from consecutive cells, one for each value of a label. Those that are not `expected` appear once they have
 * counted.
 */
export function rowOf(
  labels: Labels,
  label: string,
  values: readonly string[],
  { read, first, expected = () => true }: { read: Read; first: number; expected?: (value: string) => boolean },
): readonly Sample[] {
  return values
    .map((value, index) => ({ labels: { ...labels, [label]: value }, value: read(first + index) }))
    .filter((sample, index) => sample.value > 0 || expected(values[index] as string))
}
