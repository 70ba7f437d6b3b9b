import { type HeaderPairs, headerValue, headerValues } from '../../core/headers.ts'

/** The trace context that a client sent (W3C Trace Context, level 2). */
export interface ParentContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  /** `tracestate`, its headers joined; empty if absent or invalid. */
  readonly state: string
}

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/
const onlyZeros = /^0+$/
const sampledFlag = 1

/** Undefined if absent or invalid: an invalid one must be ignored (level 2, 3.2.2). */
export function parentContext(headers: HeaderPairs): ParentContext | undefined {
  const given = headerValue(headers, 'traceparent')
  if (given === undefined || headerValues(headers, 'traceparent').length > 1) return undefined
  const match = form.exec(given)
  if (match === null) return undefined
  const [, version, traceId = '', spanId = '', flags = '', more] = match
  // A later version may have more fields after those of version 00, which has none.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (onlyZeros.test(traceId) || onlyZeros.test(spanId)) return undefined
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0,
    state: stateOf(headers),
  }
}

/** Always version 00, and always sampled, because only recorded spans get one. */
export function traceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`
}

const member =
  /^(?:[a-z][a-z\d_\-*/]{0,255}|[a-z\d][a-z\d_\-*/]{0,240}@[a-z][a-z\d_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const maxMembers = 32

function stateOf(headers: HeaderPairs): string {
  const fields = headerValues(headers, 'tracestate')
  if (fields.length === 0) return ''
  const members = fields
    .flatMap((field) => field.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')
  if (members.length > maxMembers || !members.every((text) => member.test(text))) return ''
  return members.join(',')
}
