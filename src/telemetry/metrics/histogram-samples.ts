import type { Bounds } from '../counts/bounds.ts'
import type { HistogramCells } from '../counts/histogram-cells.ts'
import type { Labels, Read, Sample } from './sample.ts'

/** In Prometheus form: cumulative buckets, and the sum in seconds. */
export function histogramSamples(
  labels: Labels,
  { buckets, sumUs }: HistogramCells,
  bounds: Bounds,
  read: Read,
): readonly Sample[] {
  let count = 0
  const samples: Sample[] = []
  for (let index = 0; index <= bounds.length; index++) {
    count += read(buckets + index)
    const bound = bounds[index]
    const le = bound === undefined ? '+Inf' : String(Number((bound / 1000).toPrecision(12)))
    samples.push({ suffix: '_bucket', labels: { ...labels, le }, value: count })
  }
  samples.push({ suffix: '_sum', labels, value: read(sumUs) / 1e6 })
  samples.push({ suffix: '_count', labels, value: count })
  return samples
}
