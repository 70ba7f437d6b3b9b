import type { IncomingMessage } from 'node:http'

/** Why a request to the page's server is refused. */
export interface Refusal {
  readonly status: number
  readonly text: string
}

/**
 * The page starts load from this machine, so another site open in the same browser must not be able to. The Host check
 * refuses a foreign name that resolves to this machine; the Origin, which browsers send with every POST, refuses forms
 * and scripts of other sites; and no plain form can send JSON as its content type.
 */
export function refusalOf({ method, headers }: IncomingMessage, port: number): Refusal | undefined {
  const host = headers.host ?? ''
  if (![`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host)) {
    return { status: 421, text: 'this page is available only on the machine it runs on' }
  }
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return { status: 405, text: 'allowed: GET, HEAD, POST' }
  const site = headers['sec-fetch-site']
  if (headers.origin !== `http://${host}` || (site !== undefined && site !== 'same-origin')) {
    return { status: 403, text: 'only the page itself may send this request' }
  }
  if (headers['content-type'] !== 'application/json') return { status: 415, text: 'allowed: application/json' }
  return undefined
}

export const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const

/** The report is self-contained and has no script. */
export const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
