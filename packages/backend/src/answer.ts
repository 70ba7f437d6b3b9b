import { STATUS_CODES } from 'node:http'
import { type HeaderPairs, headerValue } from './headers.ts'
import type { Body } from './profile.ts'
import { jsonTemplate, type Placeholder, type Template, textTemplate } from './template.ts'

/** The answer for one status, with all constant parts prepared. */
export interface Answer {
  readonly status: number
  readonly body: Template
  /** Complete, if the body is constant; otherwise without the length. */
  readonly headers: HeaderPairs
}

export interface AnswerOptions {
  readonly status: number
  readonly body: Body
  readonly headers?: Readonly<Record<string, string>>
  /** The name of the backend. */
  readonly name: string
}

/** Statuses whose answers have no body (RFC 9110, 6.4.1). */
const bodiless = new Set([204, 205, 304])

export function compileAnswer(options: AnswerOptions): Answer {
  const { status } = options
  const headers = Object.entries(options.headers ?? {}).flat()
  if (bodiless.has(status)) return { status, body: textTemplate('', {}), headers }
  const body = compileBody(options.body, { name: options.name, reason: STATUS_CODES[status] ?? `Status ${status}` })
  if (headerValue(headers, 'content-type') === undefined) headers.push('Content-Type', contentTypeOf(options.body))
  return { status, body, headers: body.constant === undefined ? headers : withLength(headers, body.constant) }
}

export function compileBody(body: Body, known: Partial<Record<Placeholder, string>>): Template {
  return body.text === undefined ? jsonTemplate(body.json, known) : textTemplate(body.text, known)
}

export function contentTypeOf(body: Body): string {
  return body.contentType ?? (body.text === undefined ? 'application/json' : 'text/plain; charset=utf-8')
}

export function withLength(headers: HeaderPairs, body: string): string[] {
  return [...headers, 'Content-Length', String(Buffer.byteLength(body))]
}

/** An answer that JSON clients sometimes get: a proxy's error page with a good status and the JSON content type. */
export function notJsonAnswer(name: string): Answer {
  const text = '<html><body>This is not JSON.</body></html>'
  return compileAnswer({ status: 200, body: { text, contentType: 'application/json' }, name })
}
