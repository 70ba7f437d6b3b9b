import { createHash } from 'node:crypto'
import { headerValue } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { type JsonPointer, parseJsonPointer, valueAtPointer } from '../../kit/json-pointer.ts'

/** Which lane a write belongs to. Writes that lack the value share a lane: to keep too much order harms nobody. */
export type LaneOf = (request: GatewayRequest) => string | undefined

export function laneBy(by: string | undefined): LaneOf {
  if (by === undefined) return () => undefined
  if (by === 'target') return () => ''
  if (by.startsWith('header:')) {
    const name = by.slice('header:'.length).toLowerCase()
    const laneOf: LaneOf = (request) => headerValue(request.headers, name) ?? ''
    // Lanes are stored and shown; credentials are neither.
    return credentials.has(name) ? (request) => digest(laneOf(request) ?? '') : laneOf
  }
  if (/^form[.:]/.test(by)) {
    const field = by.slice('form.'.length)
    return (request) => new URLSearchParams(bodyText(request)).get(field) ?? ''
  }
  const pointer = parseJsonPointer(by.slice('json:'.length))
  return (request) => jsonAt(bodyText(request), pointer)
}

const credentials = new Set(['authorization', 'cookie', 'proxy-authorization'])

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function bodyText({ body }: GatewayRequest): string {
  if (!(body instanceof Uint8Array)) return ''
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
}

function jsonAt(text: string, pointer: JsonPointer): string {
  try {
    const value = valueAtPointer(JSON.parse(text), pointer)
    if (value === undefined) return ''
    // Lone surrogates would come back from the store as something else.
    return typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value)
  } catch {
    return ''
  }
}
