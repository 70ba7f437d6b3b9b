import type { Collect, Reading } from './reading.ts'
import type { Labels, Sample } from './sample.ts'

/** Metrics of what a source tells; none where it is not there. */

/** One number without labels. */
export function single(value: (reading: Reading) => number | undefined): Collect {
  return (reading) => {
    const found = value(reading)
    return found === undefined ? [] : [{ labels: {}, value: found }]
  }
}

/** Several numbers, each with its name as this label. */
export function named(
  label: string,
  values: (reading: Reading) => Readonly<Record<string, number>> | undefined,
): Collect {
  return (reading) => samplesOf(label, values(reading) ?? {})
}

export function samplesOf(
  label: string,
  values: Readonly<Record<string, number>>,
  labels: Labels = {},
): readonly Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { ...labels, [label]: name }, value }))
}
