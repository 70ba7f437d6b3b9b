/**
 * The key by which a client address is limited. IPv4: the address. IPv6: its first 64 bits, because a client with one
 * address there has all of them (RFC 4291, 2.5.1; RFC 6177). Ports and brackets that some proxies add are removed, or
 * each connection would be a client of its own.
 */
export function clientKey(address: string): string {
  const bare = /^\[([^\]]*)\]/.exec(address)?.[1] ?? address
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/i.exec(bare)
  if (v4 !== null) return v4[1] as string
  return bare.includes(':') ? network64(bare) : bare
}

/** At most sixteen digits, the same for every spelling of the address. */
function network64(address: string): string {
  const [plain] = address.toLowerCase().split('%') as [string]
  const [head, tail] = plain.split('::', 2) as [string, string | undefined]
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}

function groupsOf(text: string): readonly string[] {
  if (text === '') return []
  // The last group may be an IPv4 address, which counts as two groups.
  return text.split(':').flatMap((group) => (group.includes('.') ? [group, ''] : [group.replace(/^0+(?=.)/, '')]))
}
