import { BlockList, isIP } from 'node:net'

/** The proxies whose `X-Forwarded-*` and `X-Request-Id` are trusted. */
export class TrustedProxies {
  readonly #list: BlockList | undefined

  /** Addresses, or networks such as `10.0.0.0/8`. */
  constructor(entries: readonly string[]) {
    if (entries.length === 0) return
    this.#list = new BlockList()
    for (const entry of entries) {
      const [address, prefix] = entry.split('/') as [string, string | undefined]
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (prefix === undefined) this.#list.addAddress(address, family)
      else this.#list.addSubnet(address, Number(prefix), family)
    }
  }

  /** False for text that is not an address: a header field may contain anything. */
  trusts(address: string | undefined): boolean {
    if (this.#list === undefined || address === undefined) return false
    // A dual-stack socket reports IPv4 addresses as IPv4-mapped IPv6 ones.
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}
