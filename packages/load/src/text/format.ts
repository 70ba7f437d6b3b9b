/** Three significant digits, and a suitable unit: `0.42 ms`, `12.3 ms`, `1.23 s`. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return '-'
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)} min`
  // A value that would round up to a thousand gets the next unit.
  return ms >= 999.5 ? `${threeDigits(ms / 1000)} s` : `${threeDigits(ms)} ms`
}

export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

export function formatRate(perSecond: number): string {
  return perSecond >= 99.5 ? formatCount(perSecond) : threeDigits(perSecond)
}

/** The share in percent; never rounded to 0 % or 100 %. */
export function formatShare(count: number, total: number): string {
  if (total === 0) return '-'
  const percent = (count / total) * 100
  if (count > 0 && percent < 0.01) return '<0.01 %'
  if (count < total && percent > 99.99) return '>99.99 %'
  return `${percent.toFixed(2)} %`
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}
