import { type HeaderPairs, headerValues } from '../../core/headers.ts'

/** What RFC 7240 lets a client say of how long it would wait. */
export interface Preference {
  readonly respondAsync: boolean
  /** Undefined: as long as the route lets it. */
  readonly waitMs: number | undefined
}

const none: Preference = { respondAsync: false, waitMs: undefined }

/** Preferences that cannot be read, or that nobody here knows, are passed over, as the RFC has it; the first of two counts. */
export function readPreference(headers: HeaderPairs): Preference {
  const values = headerValues(headers, 'prefer')
  if (values.length === 0) return none
  const found = new Map<string, string>()
  for (const preference of values.join(',').split(',')) {
    const [, name, value = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*"?([^";]*?)"?\s*)?(?:;.*)?$/.exec(preference) ?? []
    if (name !== undefined && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), value.trim())
  }
  const wait = found.get('wait') ?? ''
  return { respondAsync: found.has('respond-async'), waitMs: /^\d{1,9}$/.test(wait) ? Number(wait) * 1000 : undefined }
}
