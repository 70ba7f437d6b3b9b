import type { Target } from '../../core/attempt.ts'
import { type Failure, failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { isTextCode, isTokenCode } from './field-line.ts'

/** Tells a target how long the gateway will wait for its answer. */
const budgetHeader = 'x-request-timeout-ms'

/** Framing of the body: its exact length, `chunked` if that is unknown, undefined without a body. */
export type Framing = number | 'chunked' | undefined

/** Methods that usually have a body, so a missing one is declared by `Content-Length: 0` (RFC 9110, 8.6). */
const methodsWithBody = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

export function expectsBody(method: string): boolean {
  return methodsWithBody.has(method)
}

/** How the transport treats a field of a request; unknown fields pass. */
type FieldKind = 'pass' | 'host' | 'content-length' | 'budget' | 'own' | 'no name'

const known: ReadonlyMap<string, FieldKind> = new Map([
  ['host', 'host'],
  ['content-length', 'content-length'],
  [budgetHeader, 'budget'],
  // They frame the message or apply to this connection: others who could set them could smuggle a request.
  ['connection', 'own'],
  ['expect', 'own'],
  ['keep-alive', 'own'],
  ['transfer-encoding', 'own'],
  ['upgrade', 'own'],
])

/** Limit on remembered spellings: clients choose them. */
const maxRemembered = 1024
const remembered = new Map<string, FieldKind>()

/** `Content-Length` as the request declares it; a failure if it is invalid or given twice. */
export function declaredLength({ headers }: GatewayRequest): number | undefined | Failure {
  let declared: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if (kindOf(headers[i] as string) !== 'content-length') continue
    if (declared !== undefined) return refused('Content-Length is given more than once')
    declared = headers[i + 1] as string
  }
  if (declared === undefined) return undefined
  return /^\d{1,15}$/.test(declared) ? Number(declared) : refused('Content-Length is not a number')
}

/**
 * Request line and header fields, as one text. Refuses text that could be read as more than one element (a line break
 * in a value, a space in a path), wherever it came from.
 */
export function requestHead(
  request: GatewayRequest,
  target: Target,
  remainingMs: number,
  framing: Framing,
): string | Failure {
  const { method, query, headers, upgrade } = request
  if (!isToken(method)) return refused('invalid request method')
  const path = target.basePath + request.path
  let host = target.authority
  let hosts = 0
  let fields = ''
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const kind = kindOf(name)
    if (kind === 'no name') return refused('invalid header name')
    if (kind === 'own') return refused(`invalid header ${name}`)
    const value = headers[i + 1] as string
    if (!isText(value)) return refused(`invalid header ${name}`)
    if (kind === 'pass') fields += `${name}: ${value}\r\n`
    else if (kind === 'host') {
      host = value
      hosts++
    }
  }
  if (hosts > 1) return refused('Host is given more than once')
  if (remainingMs !== Number.POSITIVE_INFINITY) fields += `${budgetHeader}: ${Math.ceil(remainingMs)}\r\n`
  if (framing === 'chunked') fields += 'transfer-encoding: chunked\r\n'
  else if (framing !== undefined) fields += `content-length: ${framing}\r\n`
  if (upgrade !== undefined && !isText(upgrade)) return refused('invalid upgrade')
  if (!path.startsWith('/') || !isVisible(path) || !isVisible(query)) return refused('invalid request path')
  const start = query === '' ? `${method} ${path}` : `${method} ${path}?${query}`
  const connection = upgrade === undefined ? 'keep-alive' : `upgrade\r\nupgrade: ${upgrade}`
  return `${start} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n${fields}\r\n`
}

/** For parts of a request target, which a space would end. */
function isVisible(part: string): boolean {
  for (let at = 0; at < part.length; at++) {
    const code = part.charCodeAt(at)
    if (code <= 0x20 || code > 0xff) return false
  }
  return true
}

/**
 * For values: no line break, nor any character that a parser may take for one. Checked value by value, because each is
 * one flat string: walking over the whole head, concatenated from forty strings, takes 0.6 us more.
 */
function isText(value: string): boolean {
  for (let at = 0; at < value.length; at++) if (!isTextCode(value.charCodeAt(at))) return false
  return true
}

function kindOf(name: string): FieldKind {
  return remembered.get(name) ?? judge(name)
}

function judge(name: string): FieldKind {
  const kind = known.get(name.toLowerCase()) ?? (isToken(name) ? 'pass' : 'no name')
  // A copy: a slice would keep the whole text alive.
  if (remembered.size < maxRemembered) remembered.set(Buffer.from(name, 'utf8').toString('utf8'), kind)
  return kind
}

function isToken(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (!isTokenCode(code)) return false
  }
  return name !== ''
}

function refused(detail: string): Failure {
  return failure('BAD_REQUEST', `The request cannot be forwarded: ${detail}`)
}
