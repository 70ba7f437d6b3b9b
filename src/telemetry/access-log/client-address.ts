import { headerValue } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'

/**
 * Who asked: of `X-Forwarded-For` the last address that is not a trusted proxy's. The listener has put the connection's
 * own address at its end, and left out what came before it where that is not to be believed.
 */
export function clientAddress({ headers }: GatewayRequest, trusts: (address: string) => boolean): string | undefined {
  const list = headerValue(headers, 'x-forwarded-for')
  if (list === undefined) return undefined
  if (!list.includes(',')) return plain(list)
  const addresses = list.split(',').map((address) => address.trim())
  return plain(addresses.findLast((address) => !trusts(address)) ?? (addresses[0] as string))
}

/** A dual-stack socket gives IPv4 addresses in IPv6's clothes. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
