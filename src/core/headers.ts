/**
 * Header fields in the order and spelling in which they came, as one flat list of name and value in turn:
 * `['Host', 'a', 'Accept', 'b']`. It is the form that Node gives and takes, so that nothing is copied in between.
 */
export type HeaderPairs = readonly string[]

export const noHeaders: HeaderPairs = []

/** The first value of a field, or undefined. `name` in lower case. */
export function headerValue(headers: HeaderPairs, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] as string
    // Lengths differ for most names, which spares the lower-casing.
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
 * A field name as backends behind CGI, WSGI or PHP know it, in lower case: they make one variable of `X-Real-IP` and
 * `X_Real_IP`, so that a field of the second name can pass for one of the first.
 */
export function foldedName(name: string): string {
  const lower = name.toLowerCase()
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower
}
