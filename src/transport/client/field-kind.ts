/** What a field of an answer is to the transport; all others pass. */
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
  // The gateway's own id stands on every answer, not the target's.
  ['x-request-id', 'drop'],
])

/** Spellings seen are remembered, at most so many: a target chooses them. */
const maxRemembered = 1024
const remembered = new Map<string, FieldKind>()

export function fieldKind(name: string): FieldKind {
  return remembered.get(name) ?? judge(name)
}

function judge(name: string): FieldKind {
  const kind = known.get(name.toLowerCase()) ?? 'keep'
  // A copy: what is cut out of a text keeps the whole of it alive.
  if (remembered.size < maxRemembered) remembered.set(Buffer.from(name, 'latin1').toString('latin1'), kind)
  return kind
}
