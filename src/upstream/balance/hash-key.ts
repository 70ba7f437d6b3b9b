import { headerValue, headerValues } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { clientAddress } from '../../telemetry/access-log/client-address.ts'

/** Extracts the key that marks requests as belonging together; undefined when the request has none. */
export type KeyOf = (request: GatewayRequest) => string | undefined

/**
 * `by`: `header:NAME`, `query:NAME`, `cookie:NAME` or `address`. `trusts`: whether an address belongs to a trusted
 * proxy.
 */
export function keyBy(by: string, trusts: (address: string) => boolean): KeyOf {
  const colon = by.indexOf(':')
  const [kind, name] = colon < 0 ? [by, ''] : [by.slice(0, colon), by.slice(colon + 1)]
  if (kind === 'address') return (request) => clientAddress(request, trusts)
  if (kind === 'query') return ({ query }) => present(new URLSearchParams(query).get(name))
  if (kind === 'cookie') return ({ headers }) => present(cookieOf(headerValues(headers, 'cookie'), name))
  const field = name.toLowerCase()
  return ({ headers }) => present(headerValue(headers, field))
}

function cookieOf(fields: readonly string[], name: string): string | undefined {
  for (const field of fields) {
    for (const pair of field.split(';')) {
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
    }
  }
  return undefined
}

/** An empty key distinguishes no clients. */
function present(value: string | null | undefined): string | undefined {
  return value === null || value === '' ? undefined : value
}
