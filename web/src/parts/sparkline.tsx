/** The last two minutes at a glance; the numbers are next to it. */
export function Sparkline({
  values,
  failed,
}: {
  readonly values: readonly number[]
  readonly failed: readonly number[]
}) {
  const [width, height] = [120, 24]
  const most = Math.max(1, ...values)
  const step = width / Math.max(1, values.length - 1)
  const y = (value: number): string => (height - 1 - (value / most) * (height - 2)).toFixed(1)
  const points = values.map((value, place) => `${(place * step).toFixed(1)},${y(value)}`).join(' ')
  const ticks = failed.flatMap((value, place) => (value > 0 ? [`M${(place * step).toFixed(1)} ${height}v-5`] : []))
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      <polyline points={points} />
      <path class="failed" d={ticks.join('')} />
    </svg>
  )
}
