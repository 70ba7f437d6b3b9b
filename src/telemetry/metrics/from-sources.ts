import type { Collect, Reading } from './reading.ts'
import type { Labels, Sample } from './sample.ts'
import type { LimitFigures, TargetHealthFigures } from './sources.ts'

/** Metrics read from a source; none without the source. */

/** One number without labels. */
export function single(value: (reading: Reading) => number | undefined): Collect {
  return (reading) => {
    const found = value(reading)
    return found === undefined ? [] : [{ labels: {}, value: found }]
  }
}

/** Several numbers, each under its name as the value of this label. */
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

/** One sample for each limit on calls in flight. */
export function ofLimits(value: (figures: LimitFigures) => number): Collect {
  return ({ limits }) =>
    Object.entries(limits).map(([route, figures]) => ({ labels: { route }, value: value(figures) }))
}

/** Samples for each target with health data. */
export function ofTargets(samples: (figures: TargetHealthFigures) => readonly Sample[]): Collect {
  return ({ targets }) =>
    targets.flatMap((figures) => {
      const { upstream, target } = figures
      return samples(figures).map(({ labels, value }) => ({ labels: { upstream, target, ...labels }, value }))
    })
}
