export type Labels = Readonly<Record<string, string>>

/** One line of a metric. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
  /** Suffix of a histogram sample: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string
}

export type Read = (place: number) => number

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
    .map((value, place) => ({ labels: { ...labels, [label]: value }, value: read(first + place) }))
    .filter((sample, place) => sample.value > 0 || expected(values[place] as string))
}
