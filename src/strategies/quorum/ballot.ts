import { isHeld } from '../../core/body.ts'
import type { GatewayResponse } from '../../core/response.ts'
import { parseJsonPointer, valueAtPointer } from '../../kit/json-pointer.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Two answers agree if their ballots are the same string: status and body, without what is to be ignored. */
export function ballotOf(response: GatewayResponse, ignore: readonly string[]): string {
  const { body, status } = response
  if (!isHeld(body)) throw new Error('an answer to be compared was not held')
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body.buffer, body.byteOffset, body.length)
  const json = ignore.length === 0 ? undefined : withoutIgnored(bytes, ignore)
  // latin1 keeps every byte apart, whatever the body's own encoding.
  return json === undefined ? `${status} bytes ${bytes.toString('latin1')}` : `${status} json ${json}`
}

/** Undefined if it is no JSON, or is nested deeper than the stack: then its bytes have to do. */
function withoutIgnored(bytes: Uint8Array, ignore: readonly string[]): string | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes), asWritten)
    for (const pointer of ignore) removeAt(value, pointer)
    return JSON.stringify(value, sortedMembers)
  } catch {
    return undefined
  }
}

/** Numbers are compared as they are written: as doubles, 9007199254740993 and ...992 would be the same. */
function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? `number ${context?.source ?? String(value)}` : value
}

/** Removes what the pointer (RFC 6901) names; a pointer to nothing removes nothing. */
function removeAt(value: unknown, pointer: string): void {
  const tokens = parseJsonPointer(pointer)
  const last = tokens.pop() as string
  const holder = valueAtPointer(value, tokens)
  // An array's elements keep their places, so that later pointers still mean the same ones.
  if (Array.isArray(holder) && Object.hasOwn(holder, last)) holder[Number(last)] = null
  else if (isObject(holder)) delete holder[last]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function sortedMembers(_key: string, value: unknown): unknown {
  if (!isObject(value) || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
