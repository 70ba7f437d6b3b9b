/** How the transport treats a field of an answer; unknown fields are kept. */
export type FieldKind =
  | 'keep'
  | 'drop'
  | 'connection'
  | 'content-length'
  | 'keep-alive'
  | 'transfer-encoding'
  | 'upgrade'

const known: ReadonlyMap<string, FieldKind> = new Map([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['keep-alive', 'keep-alive'],
  ['proxy-connection', 'drop'],
  ['te', 'drop'],
  ['transfer-encoding', 'transfer-encoding'],
  ['upgrade', 'upgrade'],
  // Every answer has the gateway's own id instead of the target's.
  ['x-request-id', 'drop'],
])

/** Limit on remembered spellings: targets choose them. */
const maxRemembered = 1024
const remembered = new Map<string, FieldKind>()

export function fieldKind(name: string): FieldKind {
  return remembered.get(name) ?? judge(name)
}

function judge(name: string): FieldKind {
  const kind = known.get(name.toLowerCase()) ?? 'keep'
  // A copy: a slice would keep the whole text alive.
  if (remembered.size < maxRemembered) remembered.set(Buffer.from(name, 'latin1').toString('latin1'), kind)
  return kind
}
