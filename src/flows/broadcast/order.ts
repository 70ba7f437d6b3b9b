import { headerValue } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'

/** Which lane a write belongs to. Writes that lack the value share a lane: to keep too much order harms nobody. */
export type LaneOf = (request: GatewayRequest) => string | undefined

export function laneBy(by: string | undefined): LaneOf {
  if (by === undefined) return () => undefined
  if (by === 'target') return () => ''
  if (by.startsWith('header:')) {
    const name = by.slice('header:'.length).toLowerCase()
    return (request) => headerValue(request.headers, name) ?? ''
  }
  if (by.startsWith('form.')) {
    const field = by.slice('form.'.length)
    return (request) => new URLSearchParams(bodyText(request)).get(field) ?? ''
  }
  const tokens = by
    .slice('json:/'.length)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (request) => jsonAt(bodyText(request), tokens)
}

function bodyText({ body }: GatewayRequest): string {
  if (!(body instanceof Uint8Array)) return ''
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
}

function jsonAt(text: string, tokens: readonly string[]): string {
  try {
    let value: unknown = JSON.parse(text)
    for (const token of tokens) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return ''
      value = (value as Record<string, unknown>)[token]
    }
    return typeof value === 'string' ? value : JSON.stringify(value)
  } catch {
    return ''
  }
}
