import type { ServerResponse } from 'node:http'
import type { RefusalView } from './api.ts'

/** A response of the admin server. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** Called once with the response before it is sent, to release a resource when the response closes. */
  readonly onSend?: (response: ServerResponse) => void
}

/** A response without an end: the handler writes to it and adds these common headers. */
export interface StreamedAnswer {
  readonly stream: (response: ServerResponse, headers: Readonly<Record<string, string>>) => void
}

export function json(value: object, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: `${JSON.stringify(value)}\n` }
}

export function text(status: number, line: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` }
}

export function refusal(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return json({ detail } satisfies RefusalView, status, headers)
}

/** On every response: no framing, no type sniffing, no reads from other origins. */
const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'x-frame-options': 'DENY',
} as const

/** For data: even if a browser renders it as a page, nothing in it runs. */
export const dataHeaders = {
  ...always,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cache-control': 'no-store',
} as const

/** For the dashboard, which is self-contained: no inline script or style, no other origin. */
export const pageHeaders = {
  ...always,
  'content-security-policy':
    "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
} as const
