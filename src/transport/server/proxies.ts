import { BlockList, isIP } from 'node:net'

/** The proxies whose word is believed. */
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

  /** What is no address (a header field may say anything) is nobody's. */
  trusts(address: string | undefined): boolean {
    if (this.#list === undefined || address === undefined) return false
    // A dual-stack socket gives IPv4 addresses in IPv6's clothes.
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}
