import { type Failure, failure } from '../../core/failure.ts'
import { headerValue, withoutHeaders } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { dropFields } from '../../kit/drop-fields.ts'
import { type JsonPointer, parseJsonPointer, valueAtPointer } from '../../kit/json-pointer.ts'
import type { CallbackOptions } from './options.ts'

/** The query parameter of a callback URL that holds its token. */
export const tokenParameter = 'callback'

/** Puts the callback's URL and id into the request, or says why it cannot. */
export type Inscribe = (request: GatewayRequest, token: string) => GatewayRequest | Failure

/** The token of a callback: undefined where there is none. `body`: only read where the token is in it. */
export type TokenOf = (request: GatewayRequest, body: () => Uint8Array | undefined) => string | undefined

type Put = (request: GatewayRequest, value: string) => GatewayRequest | Failure

export function inscribe({ send, receive }: CallbackOptions, publicUrl: () => string): Inscribe {
  const putUrl = send.url === undefined ? undefined : putAt(send.url)
  const putId = send.id === undefined ? undefined : putAt(send.id)
  const urlOf = (token: string): string => {
    const url = `${publicUrl()}${receive.path}`
    return receive.id === 'url' ? `${url}?${tokenParameter}=${token}` : url
  }
  return (request, token) => {
    const addressed = putUrl === undefined ? request : putUrl(request, urlOf(token))
    if ('code' in addressed || putId === undefined) return addressed
    return putId(addressed, token)
  }
}

export function tokenBy(id: string): TokenOf {
  const [kind, name] = parsePlace(id)
  if (kind === 'url') return ({ query }) => new URLSearchParams(query).get(tokenParameter) ?? undefined
  if (kind === 'header') {
    const field = name.toLowerCase()
    return ({ headers }) => headerValue(headers, field)
  }
  const pointer = parseJsonPointer(name)
  return (_request, body) => {
    const value = valueAtPointer(parsed(body()), pointer)
    return typeof value === 'string' ? value : undefined
  }
}

/** Whether the token can be known before the body is read. */
export function isInHead(id: string): boolean {
  return !id.startsWith('json:')
}

function putAt(place: string): Put {
  const [kind, name] = parsePlace(place)
  if (kind === 'header') return putHeader(name)
  if (kind === 'query') return (request, value) => ({ ...request, query: withParameter(request.query, name, value) })
  const pointer = parseJsonPointer(name)
  return (request, value) => withMember(request, pointer, name, value)
}

function parsePlace(place: string): readonly [kind: string, name: string] {
  const colon = place.indexOf(':')
  return colon < 0 ? [place, ''] : [place.slice(0, colon), place.slice(colon + 1)]
}

/** What the client sent under this name, in either spelling, is not ours and must not be taken for it. */
function putHeader(name: string): Put {
  const drop = dropFields([name])
  return (request, value) => ({ ...request, headers: [...drop(request.headers), name, value] })
}

/** All else of the query stays as it was sent, byte for byte. */
function withParameter(query: string, name: string, value: string): string {
  const others = query === '' ? [] : query.split('&').filter((pair) => nameOf(pair) !== name)
  return [...others, `${encodeURIComponent(name)}=${encodeURIComponent(value)}`].join('&')
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? ''
}

const lengthOfBody: ReadonlySet<string> = new Set(['content-length'])

function withMember(
  request: GatewayRequest,
  pointer: JsonPointer,
  text: string,
  value: string,
): GatewayRequest | Failure {
  try {
    const root: unknown = JSON.parse(utf8.decode(request.body as Uint8Array), asWritten)
    const holder = valueAtPointer(root, pointer.slice(0, -1))
    if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return noPlace(text)
    Object.defineProperty(holder, pointer.at(-1) ?? '', { value, enumerable: true, configurable: true, writable: true })
    // It is another body now.
    const headers = withoutHeaders(request.headers, lengthOfBody)
    return { ...request, headers, body: Buffer.from(JSON.stringify(root)) }
  } catch {
    // No JSON, no UTF-8, or nested deeper than the stack.
    return noPlace(text)
  }
}

function noPlace(text: string): Failure {
  return failure('BAD_REQUEST', `The request body must be JSON with an object that can hold ${text}`)
}

/** Numbers go on as they are written: as doubles, 12345678901234567890 would become another. */
function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? json.rawJSON(context.source) : value
}

/** TypeScript does not know it yet. */
const json = JSON as typeof JSON & { rawJSON(text: string): unknown }
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Undefined if it is no JSON. A byte order mark is passed over. */
function parsed(body: Uint8Array | undefined): unknown {
  if (body === undefined) return undefined
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    return undefined
  }
}
