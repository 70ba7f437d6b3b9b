/** Names and values in turn, as Node reads and writes them: `['Host', 'a', 'Accept', 'b']`. */
export type HeaderPairs = readonly string[]

/** The first value of a field, or undefined. `name` in lower case. */
export function headerValue(headers: HeaderPairs, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] as string
    // Most names differ in length, which saves the lower-casing.
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1]
  }
  return undefined
}
