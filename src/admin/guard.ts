import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { type Answer, refusal } from './answer.ts'

/**
 * Access control. With a token, clients must send it. Without one the admin side serves the users of this machine, and
 * the threat is a web page in their browser: it can send requests here and make its host name resolve to this machine
 * (DNS rebinding). But it cannot change the `Host` and `Origin` headers of those requests, nor read a response that
 * allows no other origin.
 */
export function refusedBy(request: IncomingMessage, token: string | undefined): Answer | undefined {
  if (token !== undefined && !hasToken(request, token)) {
    return refusal(401, 'A token is required: send that of admin.token as `Authorization: Bearer TOKEN`', {
      'www-authenticate': 'Bearer',
    })
  }
  if (token === undefined && !isLocalHost(request.headers.host)) {
    return refusal(403, 'Without admin.token, the admin side accepts only localhost or an IP address as Host')
  }
  if (isFromElsewhere(request)) return refusal(403, 'Pages of another origin may not send this request')
  return undefined
}

/** Whether a wrong token was sent; a request without a token is not a guess. */
export function isWrongGuess({ headers }: IncomingMessage, refused: Answer): boolean {
  return refused.status === 401 && bearerOf(headers.authorization) !== ''
}

function isLocalHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}

/**
 * A form can post cross-origin without a preflight, but the browser then sends its origin. Following a link is allowed.
 */
function isFromElsewhere({ method, headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  if (origin !== undefined && hostOf(origin) !== host) return true
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  return !(headers['sec-fetch-mode'] === 'navigate' && (method === 'GET' || method === 'HEAD'))
}

/** The scheme is ignored: behind a TLS proxy the page's scheme differs from ours. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Compares hashes, so that the response time reveals neither length nor content. */
function hasToken(request: IncomingMessage, token: string): boolean {
  return timingSafeEqual(sha256(bearerOf(request.headers.authorization)), sha256(token))
}

function bearerOf(authorization = ''): string {
  return /^Bearer +(.+)$/i.exec(authorization)?.[1] ?? ''
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
