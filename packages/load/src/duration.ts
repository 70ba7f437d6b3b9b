const millisecondsPer: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `300ms` is 300, `5s` is 5000, as in the configuration; undefined if it is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const factor = unit === undefined ? undefined : millisecondsPer[unit]
  return factor === undefined ? undefined : Number(amount) * factor
}
