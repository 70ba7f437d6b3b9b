import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { type Answer, refusal } from './answer.ts'

/**
 * Who may ask. With a token, whoever has it. Without one the admin side is for this machine's own users, and what
 * threatens them are pages in their browsers: another site's page may send requests here, and its name may be made to
 * resolve to this machine (DNS rebinding), but it can neither change the `Host` and `Origin` that go with them, nor read
 * an answer that allows no other origin.
 */
export function refusedBy(request: IncomingMessage, token: string | undefined): Answer | undefined {
  if (token !== undefined && !hasToken(request, token)) {
    return refusal(401, 'This needs the token of admin.token: send it as `Authorization: Bearer TOKEN`', {
      'www-authenticate': 'Bearer',
    })
  }
  if (token === undefined && !isLocalHost(request.headers.host)) {
    return refusal(403, 'Without admin.token the admin side answers only to localhost and addresses as its Host')
  }
  if (isFromElsewhere(request)) return refusal(403, 'A page of another origin may not do this')
  return undefined
}

/** Whether it was refused for a token that is not the right one; one with none at all guesses nothing. */
export function isWrongGuess({ headers }: IncomingMessage, refused: Answer): boolean {
  return refused.status === 401 && bearerOf(headers.authorization) !== ''
}

function isLocalHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}

/** A form can post without asking first, but not without saying where it comes from. To follow a link is no such thing. */
function isFromElsewhere({ method, headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  if (origin !== undefined && hostOf(origin) !== host) return true
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  return !(headers['sec-fetch-mode'] === 'navigate' && (method === 'GET' || method === 'HEAD'))
}

/** Behind a proxy that speaks TLS the page's scheme is not ours. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Hashes are compared, so that neither length nor content shows in the time that it takes. */
function hasToken(request: IncomingMessage, token: string): boolean {
  return timingSafeEqual(sha256(bearerOf(request.headers.authorization)), sha256(token))
}

function bearerOf(authorization = ''): string {
  return /^Bearer +(.+)$/i.exec(authorization)?.[1] ?? ''
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
