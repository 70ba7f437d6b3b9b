/**
 * What a client address is limited by. IPv4: itself. IPv6: its first 64 bits, as whoever has one address there has all of
 * them (RFC 4291, 2.5.1; RFC 6177). What some proxies put around it (a port, brackets) would make each connection a
 * client of its own, and is left out.
 */
export function clientKey(address: string): string {
  const bare = /^\[([^\]]*)\]/.exec(address)?.[1] ?? address
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/i.exec(bare)
  if (v4 !== null) return v4[1] as string
  return bare.includes(':') ? network64(bare) : bare
}

/** Sixteen digits at most, whichever of its spellings the address came in. */
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
  // The last one may be an IPv4 address, which stands for two.
  return text.split(':').flatMap((group) => (group.includes('.') ? [group, ''] : [group.replace(/^0+(?=.)/, '')]))
}
