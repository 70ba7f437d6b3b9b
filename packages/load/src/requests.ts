import type { Lateness } from './lateness.ts'
import { OptionError } from './option-error.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'
import { parseTemplate, type Template } from './template.ts'

/** One request, with all placeholders drawn. */
export interface LoadRequest {
  readonly path: string
  /** Name, value, name, value. */
  readonly headers: readonly string[]
  readonly body: Buffer | string | undefined
  readonly lateAfterMs: number | undefined
}

/** Draws the next request; `number` counts from 1. */
export type RequestSource = (number: number) => LoadRequest

export interface RequestOptions {
  readonly target: Target
  readonly method: string
  readonly headers: readonly HeaderTemplate[]
  readonly body: Template | Buffer | undefined
  readonly lateness: Lateness | undefined
}

export interface HeaderTemplate {
  readonly name: string
  readonly value: Template
}

/** `Name: value`, as in curl. */
export function parseHeader(text: string): HeaderTemplate {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text)
  if (match === null) throw new OptionError(text, "a header such as 'Accept: application/json'")
  const [, name = '', value = ''] = match
  if (/^(content-length|transfer-encoding)$/i.test(name)) {
    throw new OptionError(text, 'any header but content-length and transfer-encoding, which follow from the body')
  }
  return { name, value: parseTemplate(value.trimEnd()) }
}

/** The constant parts are assembled once. */
export function requestSource(options: RequestOptions, random: Random): RequestSource {
  const { target, body, lateness } = options
  const given = [...defaultHeaders(options), ...options.headers]
  const fixedHeaders = given.every(({ value }) => value.fixed !== undefined) ? drawHeaders(given, random, 0) : undefined
  const fixedBody = Buffer.isBuffer(body) ? body : body?.fixed === undefined ? undefined : Buffer.from(body.fixed)
  const sendsLength = body !== undefined || /^(POST|PUT|PATCH)$/.test(options.method)
  const fixedWhole =
    fixedHeaders !== undefined && (body === undefined || fixedBody !== undefined)
      ? withLength(fixedHeaders, fixedBody, sendsLength)
      : undefined
  return (number) => {
    const path = target.path.draw(random, number)
    const drawnBody = fixedBody ?? (body as Template | undefined)?.draw(random, number)
    const headers = fixedWhole ?? withLength(fixedHeaders ?? drawHeaders(given, random, number), drawnBody, sendsLength)
    return { path, headers, body: drawnBody, lateAfterMs: lateness?.(path) }
  }
}

function drawHeaders(headers: readonly HeaderTemplate[], random: Random, number: number): readonly string[] {
  return headers.flatMap(({ name, value }) => [name, value.draw(random, number)])
}

function withLength(headers: readonly string[], body: Buffer | string | undefined, sends: boolean): readonly string[] {
  return sends ? [...headers, 'content-length', String(body === undefined ? 0 : Buffer.byteLength(body))] : headers
}

function defaultHeaders({ target, headers }: RequestOptions): readonly HeaderTemplate[] {
  const defaults = [
    ['host', target.authority],
    ['user-agent', 'hedgerow-load'],
    ['accept', '*/*'],
  ] as const
  const given = new Set(headers.map(({ name }) => name.toLowerCase()))
  return defaults
    .filter(([name]) => !given.has(name))
    .map(([name, value]) => ({ name, value: { fixed: value, draw: () => value } }))
}
