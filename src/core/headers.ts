/**
 * Header fields in the order and spelling received, as a flat list of alternating names and values:
 * `['Host', 'a', 'Accept', 'b']`. Node reads and writes the same form, so nothing is copied in between.
 */
export type HeaderPairs = readonly string[]

export const noHeaders: HeaderPairs = []

/** The first value of a field, or undefined. `name` in lower case. */
export function headerValue(headers: HeaderPairs, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] as string
    // Most names differ in length, which saves the lower-casing.
    if (candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name)) {
      return headers[i + 1]
    }
  }
  return undefined
}

/** Every value of a field, in order. `name` in lower case. */
export function headerValues(headers: HeaderPairs, name: string): readonly string[] {
  const values: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] as string
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(headers[i + 1] as string)
  }
  return values
}

/** A copy without the fields of these names. `names` in lower case. */
export function withoutHeaders(headers: HeaderPairs, names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (!names.has(name.toLowerCase())) kept.push(name, headers[i + 1] as string)
  }
  return kept
}

/**
 * A field name as backends behind CGI, WSGI or PHP see it, in lower case: they map `X-Real-IP` and `X_Real_IP` to one
 * variable, so a field with the second name can pass for the first.
 */
export function foldedName(name: string): string {
  const lower = name.toLowerCase()
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower
}
