/** Units in configuration files, parsed strictly: no blanks, no signs, no exponents. */

const millisecondsPer: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const bytesPer: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

export const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
export const sizePattern = /^(\d+)(B|KiB|MiB|GiB)$/
export const sharePattern = /^(\d+(?:\.\d+)?)%$/
export const quantilePattern = /^p(\d{1,2}(?:\.\d+)?)$/

/** `300ms` is 300, `5s` is 5000; undefined if it is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  return parseWithUnit(durationPattern, millisecondsPer, text)
}

/** `64KiB` is 65536; undefined if it is not a size. */
export function parseSizeBytes(text: string): number | undefined {
  return parseWithUnit(sizePattern, bytesPer, text)
}

/** `20%` is 0.2; undefined if it is not a share. */
export function parseShare(text: string): number | undefined {
  const match = sharePattern.exec(text)
  return match === null ? undefined : Number(match[1]) / 100
}

/** `p95` is 0.95; undefined if it is not a quantile. */
export function parseQuantile(text: string): number | undefined {
  const match = quantilePattern.exec(text)
  return match === null ? undefined : Number(match[1]) / 100
}

function parseWithUnit(pattern: RegExp, factors: Readonly<Record<string, number>>, text: string): number | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const factor = factors[match[2] as string]
  return factor === undefined ? undefined : Number(match[1]) * factor
}

/** The largest unit that divides the duration: 5000 is `5s`, 1500 is `1500ms`. */
export function formatDurationMs(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const factor = millisecondsPer[unit] as number
    if (durationMs >= factor && durationMs % factor === 0) return `${durationMs / factor}${unit}`
  }
  return `${durationMs}ms`
}

/** The largest unit that divides the size: 65536 is `64KiB`, 1000 is `1000B`. */
export function formatSizeBytes(sizeBytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const factor = bytesPer[unit] as number
    if (sizeBytes >= factor && sizeBytes % factor === 0) return `${sizeBytes / factor}${unit}`
  }
  return `${sizeBytes}B`
}

/** `0.2` is `20%`. */
export function formatShare(share: number): string {
  return `${hundredfold(share)}%`
}

/** `0.95` is `p95`. */
export function formatQuantile(quantile: number): string {
  return `p${hundredfold(quantile)}`
}

/** Without the noise of binary fractions: `0.07 * 100` is `7.000000000000001`. */
function hundredfold(value: number): number {
  return Number((value * 100).toPrecision(12))
}
