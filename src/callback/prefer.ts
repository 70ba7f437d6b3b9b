import { type HeaderPairs, headerValues } from '../core/headers.ts'

/** A client's waiting preferences (RFC 7240). */
export interface Preference {
  readonly respondAsync: boolean
  /** Undefined: as long as the route allows. */
  readonly waitMs: number | undefined
}

const none: Preference = { respondAsync: false, waitMs: undefined }
const tokenForm = /^[\w!#$%&'*+.^`|~-]+$/

/** Unreadable and unknown preferences are ignored, and the first of two counts, as RFC 7240 requires. */
export function readPreference(headers: HeaderPairs): Preference {
  const values = headerValues(headers, 'prefer')
  if (values.length === 0) return none
  const found = new Map<string, string>()
  for (const preference of values.flatMap((value) => unquotedParts(value, ','))) {
    const [main = ''] = unquotedParts(preference, ';')
    const equals = main.indexOf('=')
    const name = (equals < 0 ? main : main.slice(0, equals)).trim().toLowerCase()
    const value = equals < 0 ? '' : main.slice(equals + 1).trim()
    if (tokenForm.test(name) && !found.has(name)) found.set(name, unquoted(value))
  }
  const wait = found.get('wait') ?? ''
  return { respondAsync: found.has('respond-async'), waitMs: /^\d{1,9}$/.test(wait) ? Number(wait) * 1000 : undefined }
}

/** Splits outside quotes. Not a regular expression: backtracking over a hostile header can take minutes. */
function unquotedParts(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = []
  let from = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isQuoted && character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
