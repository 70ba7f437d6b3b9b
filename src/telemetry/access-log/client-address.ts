import { headerValue } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'

/**
 * The last address in `X-Forwarded-For` that is not a trusted proxy. The listener appends the connection's own address
 * and drops earlier entries that cannot be trusted.
 */
export function clientAddress({ headers }: GatewayRequest, trusts: (address: string) => boolean): string | undefined {
  const list = headerValue(headers, 'x-forwarded-for')
  if (list === undefined) return undefined
  if (!list.includes(',')) return plain(list)
  const addresses = list.split(',').map((address) => address.trim())
  return plain(addresses.findLast((address) => !trusts(address)) ?? (addresses[0] as string))
}

/** A dual-stack socket reports IPv4 addresses as IPv4-mapped IPv6. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
