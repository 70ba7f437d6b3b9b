import type { z } from 'zod'
import type { Path } from '../kit/json-pointer.ts'
import { Redaction } from '../telemetry/redact.ts'

/** Wording of found and allowed values. */

/** Hides the values of parameters by their names. */
const redaction = new Redaction({ headers: [], query: [] }, true)
const maxShown = 60
const maxListed = 50

/** Shown for a schema without wording of its own. */
export const otherValue = 'another value'

/** Shown for a mapping without an example. */
export const mappingName = 'a mapping'

const names: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: mappingName,
  record: 'a mapping of names to values',
}

/** The allowed values, for a schema without its own wording, which takes precedence. */
export function allowedText(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return names[issue.expected] ?? `a value of type ${issue.expected}`
    case 'invalid_value':
      return issue.values.map((value) => `\`${String(value)}\``).join(' or ')
    case 'too_small':
      return `${amount(issue.origin, issue.minimum)} or more`
    case 'too_big':
      return `${amount(issue.origin, issue.maximum)} or less`
    case 'invalid_format':
      return `text of the form ${issue.pattern ?? issue.format}`
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return otherValue
  }
}

/** The value, shortened; only its kind if it may be secret. */
export function foundText(value: unknown, path: Path): string {
  if (value === undefined) return 'none'
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping'
  if (isSecret(path)) {
    return typeof value === 'string' ? `${amount('string', value.length)} (not shown)` : 'a value (not shown)'
  }
  if (typeof value === 'string') return JSON.stringify(shorten(withoutSecrets(value)))
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

export function withFound(allowed: string, found: string): string {
  return `expected ${allowed}; found ${found}`
}

export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const shown = [...names].sort().slice(0, maxListed).join(', ')
  return names.length <= maxListed ? shown : `${shown}, … (${names.length} in all)`
}

/** Tokens and the like, and headers that routes set or a collector gets, which are often an authorization. */
function isSecret(path: Path): boolean {
  const last = path.findLast((step) => typeof step === 'string')
  const inHeaders = path.some((step, index) => {
    const before = path[index - 1]
    return (step === 'set' && before === 'headers') || (step === 'headers' && before === 'traces')
  })
  return (
    inHeaders ||
    (last !== undefined &&
      /token|secret|password|passwd|credential|api-?key|authorization|^key$|^previousKeys$/i.test(last))
  )
}

/**
 * `http://user:password@host` is not a valid target URL, but somebody may well write one. Its password may contain `/`
 * and `@`. Queries are shown as in the configuration that operators see.
 */
function withoutSecrets(text: string): string {
  const plain = text.replace(/\/\/\S*@/, '//…@')
  const query = plain.indexOf('?') + 1
  return query === 0 ? plain : plain.slice(0, query) + redaction.query(plain.slice(query))
}

function shorten(text: string): string {
  return text.length <= maxShown ? text : `${text.slice(0, maxShown - 1)}…`
}

function amount(origin: string, count: number | bigint): string {
  if (origin === 'string') return `${count} ${count === 1 ? 'character' : 'characters'}`
  if (origin === 'array') return `${count} ${count === 1 ? 'entry' : 'entries'}`
  return String(count)
}
