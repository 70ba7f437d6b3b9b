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
