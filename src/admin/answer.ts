import type { ServerResponse } from 'node:http'
import type { RefusalView } from './api.ts'

/** What the operators' side says to a request. */
export interface Answer {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** Called with the response once, before the answer is sent: for an answer that holds something until it is out. */
  readonly onSend?: (response: ServerResponse) => void
}

/** An answer that goes on: it is handed the response, with what every answer says in its header. */
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
