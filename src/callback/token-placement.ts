import { isUtf8 } from 'node:buffer'
import type { AbortScope } from '../core/abort.ts'
import { type Failure, failure } from '../core/failure.ts'
import { headerValue, withoutHeaders } from '../core/headers.ts'
import { failed } from '../core/outcome.ts'
import type { GatewayRequest, RequestBody } from '../core/request.ts'
import { ok, type Result } from '../core/result.ts'
import { dropFields } from '../kit/drop-fields.ts'
import { joinBytes } from '../kit/join-bytes.ts'
import { type JsonPointer, parseJsonPointer } from '../kit/json-pointer.ts'
import { scanJson } from '../kit/json-scan.ts'
import { JsonValueFinder, parsedString } from '../kit/json-value-finder.ts'
import type { CallbackOptions } from './options.ts'

/** The query parameter of a callback URL that holds its token. */
export const tokenParameter = 'callback'

type Inscribed = Result<GatewayRequest> | Promise<Result<GatewayRequest>>

/**
 * Puts the callback URL and id into the request, or says why it cannot. A large JSON body is scanned in turns; aborting
 * the scope stops the scan.
 */
export type Inscribe = (request: GatewayRequest, token: string, scope: AbortScope) => Inscribed

/** Undefined if there is none. */
export type Token = string | undefined

/** Where a callback has its token. */
export type TokenLocation =
  | { readonly isInHead: true; readonly tokenOf: (request: GatewayRequest) => Token }
  /** A large body is scanned in turns; a failure means that the scope was aborted. */
  | {
      readonly isInHead: false
      readonly tokenOf: (request: GatewayRequest, scope: AbortScope) => Result<Token> | Promise<Result<Token>>
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
    const addressed = putUrl === undefined ? ok(request) : putUrl(request, urlOf(token), scope)
    if (putId === undefined) return addressed
    const putIdToo = (made: Result<GatewayRequest>): Inscribed => (made.ok ? putId(made.value, token, scope) : made)
    return addressed instanceof Promise ? addressed.then(putIdToo) : putIdToo(addressed)
  }
}

export function tokenBy(id: string): TokenLocation {
  const [kind, name] = parseLocation(id)
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

function putAt(location: string): Put {
  const [kind, name] = parseLocation(location)
  if (kind === 'header') return putHeader(name)
  if (kind === 'query') return (request, value) => ok({ ...request, query: withParameter(request.query, name, value) })
  const pointer = parseJsonPointer(name)
  return (request, value, scope) => withMember(request, { pointer, name, value }, scope)
}

function parseLocation(location: string): readonly [kind: string, name: string] {
  const colon = location.indexOf(':')
  return colon < 0 ? [location, ''] : [location.slice(0, colon), location.slice(colon + 1)]
}

/** A field of this name from the client, in either spelling, must not be mistaken for the gateway's. */
function putHeader(name: string): Put {
  const drop = dropFields([name])
  return (request, value) => ok({ ...request, headers: [...drop(request.headers), name, value] })
}

/** The rest of the query stays byte for byte. */
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
  /** As written in the route. */
  readonly name: string
  readonly value: string
}

/** The rest of the body stays byte for byte. */
function withMember(request: GatewayRequest, member: Member, scope: AbortScope): Inscribed {
  const json = withoutMark(request.body)
  if (json === undefined) return failed(noRoomFor(member))
  const finder = new JsonValueFinder(json, member.pointer)
  return scanJson<GatewayRequest>(json, { visitor: finder, scope }, (verdict) => {
    if (verdict !== 'valid' || finder.holderEnd === undefined) return failed(noRoomFor(member))
    // With a duplicate name the backend might use the client's member.
    if (finder.isAmbiguous) {
      return failed(
        failure('BAD_REQUEST', `The request body repeats a name in an object on the path to ${member.name}`),
      )
    }
    // The body has changed, so the client's length no longer applies.
    const headers = withoutHeaders(request.headers, lengthOfBody)
    const body = joinBytes(written(json, finder, finder.holderEnd, member), scope)
    const withBody = (whole: Result<Buffer>): Result<GatewayRequest> =>
      whole.ok ? ok({ ...request, headers, body: whole.value }) : whole
    return body instanceof Promise ? body.then(withBody) : withBody(body)
  })
}

function written(
  json: Uint8Array,
  { value, holderIsEmpty }: JsonValueFinder,
  holderEnd: number,
  member: Member,
): readonly Uint8Array[] {
  const text = JSON.stringify(member.value)
  if (value !== undefined) return [json.subarray(0, value.start), Buffer.from(text), json.subarray(value.end)]
  const name = JSON.stringify(member.pointer.at(-1))
  const added = Buffer.from(`${holderIsEmpty ? '' : ','}${name}:${text}`)
  return [json.subarray(0, holderEnd), added, json.subarray(holderEnd)]
}

function noRoomFor({ name }: Member): Failure {
  return failure('BAD_REQUEST', `The request body must be JSON with an object that can hold ${name}`)
}

/** No token is longer, however its characters are escaped. */
const longestToken = 1024
const noToken: Result<Token> = ok(undefined)

function stringAt(body: RequestBody, pointer: JsonPointer, scope: AbortScope): Result<Token> | Promise<Result<Token>> {
  const json = withoutMark(body)
  if (json === undefined) return noToken
  const finder = new JsonValueFinder(json, pointer)
  return scanJson<Token>(json, { visitor: finder, scope }, (verdict) => {
    const { value } = finder
    if (verdict !== 'valid' || value === undefined || value.end - value.start > longestToken) return noToken
    return json[value.start] === quote ? ok(parsedString(json, value.start, value.end)) : noToken
  })
}

const quote = 0x22
const byteOrderMark = Buffer.from('\ufeff')

/** Undefined if the body is missing or not UTF-8. A byte order mark is skipped. */
function withoutMark(body: RequestBody): Uint8Array | undefined {
  if (!(body instanceof Uint8Array) || !isUtf8(body)) return undefined
  const hasMark = byteOrderMark.equals(body.subarray(0, byteOrderMark.length))
  return hasMark ? body.subarray(byteOrderMark.length) : body
}
