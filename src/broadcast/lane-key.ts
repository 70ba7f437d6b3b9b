import { createHash } from 'node:crypto'
import type { AbortScope } from '../core/abort.ts'
import { headerValue } from '../core/headers.ts'
import { failed } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { ok, type Result } from '../core/result.ts'
import { FormField } from '../kit/form-field.ts'
import { type JsonPointer, parseJsonPointer } from '../kit/json-pointer.ts'
import { atOnceBytes, scanJson, stepBytes } from '../kit/json-scan.ts'
import { JsonValueFinder, parsedString } from '../kit/json-value-finder.ts'
import { threadTurns } from '../kit/turns.ts'

export type Lane = string | undefined

/**
 * The lane of a write. Writes without the value share a lane: too much order does no harm. A large body is read over
 * several turns of the event loop; a failure means that the scope was aborted meanwhile.
 */
export type LaneOf = (request: GatewayRequest, scope: AbortScope) => Result<Lane> | Promise<Result<Lane>>

export function laneBy(by: string | undefined): LaneOf {
  if (by === undefined) return () => unordered
  if (by === 'target') return () => oneLane
  if (by.startsWith('header:')) {
    const name = by.slice('header:'.length).toLowerCase()
    const valueOf = (request: GatewayRequest): string => headerValue(request.headers, name) ?? ''
    // Lanes are stored and shown, which credentials must never be.
    return credentials.has(name) ? (request) => ok(digest(valueOf(request))) : (request) => ok(valueOf(request))
  }
  if (/^form[.:]/.test(by)) {
    const field = by.slice('form.'.length)
    return (request, scope) => formValue(bodyOf(request), field, scope)
  }
  const pointer = parseJsonPointer(by.slice('json:'.length))
  return (request, scope) => jsonValue(bodyOf(request), pointer, scope)
}

const unordered: Result<Lane> = ok(undefined)
const oneLane: Result<Lane> = ok('')
const credentials = new Set(['authorization', 'cookie', 'proxy-authorization'])

function digest(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('base64url')
}

const nothing = new Uint8Array()

function bodyOf({ body }: GatewayRequest): Uint8Array {
  return body instanceof Uint8Array ? body : nothing
}

function formValue(body: Uint8Array, name: string, scope: AbortScope): Result<Lane> | Promise<Result<Lane>> {
  const field = new FormField(body, name)
  const valueOrNone = (): Result<Lane> => ok(field.value ?? '')
  if (field.read(atOnceBytes)) return valueOrNone()
  return threadTurns
    .run(() => field.read(stepBytes), scope)
    .then((aborted) => (aborted === undefined ? valueOrNone() : failed(aborted)))
}

function jsonValue(body: Uint8Array, pointer: JsonPointer, scope: AbortScope): Result<Lane> | Promise<Result<Lane>> {
  const finder = new JsonValueFinder(body, pointer)
  return scanJson<Lane>(body, { visitor: finder, scope }, (verdict) => {
    const { value } = finder
    if (verdict !== 'valid' || value === undefined) return oneLane
    const text = body.subarray(value.start, value.end)
    // Parsing it would take as long as parsing a whole body.
    if (text.length > atOnceBytes) return ok(digest(text))
    // The store would return lone surrogates as other characters.
    if (text[0] === quote) return ok(parsedString(text, 0, text.length).toWellFormed())
    return ok(JSON.stringify(JSON.parse(Buffer.from(text).toString('utf8'))))
  })
}

const quote = 0x22
