const waitsMs = [1_000, 2_000, 4_000, 8_000]

/** How long to wait before retrying after this many earlier failures; at least the usual interval. */
export function waitMs(earlierFailures: number, leastMs = 0): number {
  return Math.max(leastMs, waitsMs[Math.min(earlierFailures, waitsMs.length - 1)] as number)
}
