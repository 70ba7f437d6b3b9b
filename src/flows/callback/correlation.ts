import { type Failure, failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue, withoutHeaders } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
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
  if (kind === 'header') return (request, value) => ({ ...request, headers: withHeader(request.headers, name, value) })
  if (kind === 'query') return (request, value) => ({ ...request, query: withParameter(request.query, name, value) })
  const pointer = parseJsonPointer(name)
  return (request, value) => withMember(request, pointer, name, value)
}

function parsePlace(place: string): readonly [kind: string, name: string] {
  const colon = place.indexOf(':')
  return colon < 0 ? [place, ''] : [place.slice(0, colon), place.slice(colon + 1)]
}

/** What the client sent under this name is not ours and must not be taken for it. */
function withHeader(headers: HeaderPairs, name: string, value: string): HeaderPairs {
  const field = name.toLowerCase()
  const others = headerValue(headers, field) === undefined ? headers : withoutHeaders(headers, new Set([field]))
  return [...others, name, value]
}

/** All else of the query stays as it was sent, byte for byte. */
function withParameter(query: string, name: string, value: string): string {
  const others = query === '' ? [] : query.split('&').filter((pair) => nameOf(pair) !== name)
  return [...others, `${encodeURIComponent(name)}=${encodeURIComponent(value)}`].join('&')
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? ''
}

function withMember(
  request: GatewayRequest,
  pointer: JsonPointer,
  text: string,
  value: string,
): GatewayRequest | Failure {
  const root = request.body instanceof Uint8Array ? parsed(request.body) : undefined
  const holder = valueAtPointer(root, pointer.slice(0, -1))
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) {
    return failure('BAD_REQUEST', `The request body must be JSON with an object that can hold ${text}`)
  }
  Object.defineProperty(holder, pointer.at(-1) ?? '', { value, enumerable: true, configurable: true, writable: true })
  return { ...request, body: Buffer.from(JSON.stringify(root)) }
}

function parsed(body: Uint8Array | undefined): unknown {
  if (body === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
}
