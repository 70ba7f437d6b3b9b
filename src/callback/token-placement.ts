import { isUtf8 } from 'node:buffer'
import type { AbortScope } from '../core/abort.ts'
import { type Failure, failure } from '../core/failure.ts'
import { headerValue, withoutHeaders } from '../core/headers.ts'
import type { GatewayRequest, RequestBody } from '../core/request.ts'
import { dropFields } from '../kit/drop-fields.ts'
import { joinBytes } from '../kit/join-bytes.ts'
import { JsonPlace, parsedString } from '../kit/json-place.ts'
import { type JsonPointer, parseJsonPointer } from '../kit/json-pointer.ts'
import { scanJson } from '../kit/json-scan.ts'
import type { CallbackOptions } from './options.ts'

/** The query parameter of a callback URL that holds its token. */
export const tokenParameter = 'callback'

type Inscribed = GatewayRequest | Failure | Promise<GatewayRequest | Failure>

/**
 * Puts the callback's URL and id into the request, or says why it cannot. A large JSON body is read in turns, which the
 * end of the scope ends too.
 */
export type Inscribe = (request: GatewayRequest, token: string, scope: AbortScope) => Inscribed

/** Undefined where there is none. */
export type Token = string | undefined

/** Where a callback says whose result it is. */
export type TokenPlace =
  | { readonly isInHead: true; readonly tokenOf: (request: GatewayRequest) => Token }
  /** A large body is read in turns; a failure: the scope was aborted meanwhile. */
  | {
      readonly isInHead: false
      readonly tokenOf: (request: GatewayRequest, scope: AbortScope) => Token | Promise<Token | Failure>
    }

type Put = (request: GatewayRequest, value: string, scope: AbortScope) => Inscribed

export function inscribe({ send, receive }: CallbackOptions, publicUrl: () => string): Inscribe {
  const putUrl = send.url === undefined ? undefined : putAt(send.url)
  const putId = send.id === undefined ? undefined : putAt(send.id)
  const urlOf = (token: string): string => {
    const url = `${publicUrl()}${receive.path}`
    return receive.id === 'url' ? `${url}?${tokenParameter}=${token}` : url
  }
  return (request, token, scope) => {
    const addressed = putUrl === undefined ? request : putUrl(request, urlOf(token), scope)
    if (putId === undefined) return addressed
    const putIdToo = (made: GatewayRequest | Failure): Inscribed => ('code' in made ? made : putId(made, token, scope))
    return addressed instanceof Promise ? addressed.then(putIdToo) : putIdToo(addressed)
  }
}

export function tokenBy(id: string): TokenPlace {
  const [kind, name] = parsePlace(id)
  if (kind === 'url') {
    return { isInHead: true, tokenOf: ({ query }) => new URLSearchParams(query).get(tokenParameter) ?? undefined }
  }
  if (kind === 'header') {
    const field = name.toLowerCase()
    return { isInHead: true, tokenOf: ({ headers }) => headerValue(headers, field) }
  }
  const pointer = parseJsonPointer(name)
  return { isInHead: false, tokenOf: ({ body }, scope) => stringAt(body, pointer, scope) }
}

function putAt(place: string): Put {
  const [kind, name] = parsePlace(place)
  if (kind === 'header') return putHeader(name)
  if (kind === 'query') return (request, value) => ({ ...request, query: withParameter(request.query, name, value) })
  const pointer = parseJsonPointer(name)
  return (request, value, scope) => withMember(request, { pointer, name, value }, scope)
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

interface Member {
  readonly pointer: JsonPointer
  /** As the route has it. */
  readonly name: string
  readonly value: string
}

/** All else of the body stays as it was sent, byte for byte. */
function withMember(request: GatewayRequest, member: Member, scope: AbortScope): Inscribed {
  const json = withoutMark(request.body)
  if (json === undefined) return noPlace(member)
  const place = new JsonPlace(json, member.pointer)
  return scanJson<GatewayRequest | Failure>(json, { visitor: place, scope }, (verdict) => {
    if (verdict !== 'valid' || place.holderEnd === undefined) return noPlace(member)
    // Of two members of one name the backend might take the client's.
    if (place.isAmbiguous) {
      return failure(
        'BAD_REQUEST',
        `The request body has the same name twice in one object on the way to ${member.name}`,
      )
    }
    // It is another body now.
    const headers = withoutHeaders(request.headers, lengthOfBody)
    const body = joinBytes(written(json, place, place.holderEnd, member), scope)
    const withBody = (whole: Buffer | Failure) => ('code' in whole ? whole : { ...request, headers, body: whole })
    return body instanceof Promise ? body.then(withBody) : withBody(body)
  })
}

function written(
  json: Uint8Array,
  { value, holderIsEmpty }: JsonPlace,
  holderEnd: number,
  member: Member,
): readonly Uint8Array[] {
  const text = JSON.stringify(member.value)
  if (value !== undefined) return [json.subarray(0, value.start), Buffer.from(text), json.subarray(value.end)]
  const name = JSON.stringify(member.pointer.at(-1))
  const added = Buffer.from(`${holderIsEmpty ? '' : ','}${name}:${text}`)
  return [json.subarray(0, holderEnd), added, json.subarray(holderEnd)]
}

function noPlace({ name }: Member): Failure {
  return failure('BAD_REQUEST', `The request body must be JSON with an object that can hold ${name}`)
}

/** No token is longer, however it is escaped. */
const longestToken = 1024

function stringAt(body: RequestBody, pointer: JsonPointer, scope: AbortScope): Token | Promise<Token | Failure> {
  const json = withoutMark(body)
  if (json === undefined) return undefined
  const place = new JsonPlace(json, pointer)
  return scanJson(json, { visitor: place, scope }, (verdict) => {
    const { value } = place
    if (verdict !== 'valid' || value === undefined || value.end - value.start > longestToken) return undefined
    return json[value.start] === quote ? parsedString(json, value.start, value.end) : undefined
  })
}

const quote = 0x22
const byteOrderMark = Buffer.from('\ufeff')

/** Undefined: it is no UTF-8, or not there. A byte order mark is passed over. */
function withoutMark(body: RequestBody): Uint8Array | undefined {
  if (!(body instanceof Uint8Array) || !isUtf8(body)) return undefined
  const hasMark = byteOrderMark.equals(body.subarray(0, byteOrderMark.length))
  return hasMark ? body.subarray(byteOrderMark.length) : body
}
