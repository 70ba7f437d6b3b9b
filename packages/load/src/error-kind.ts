/** Why a request got no answer. */
export const errorKinds = [
  'refused',
  'unreachable',
  'name not found',
  'reset',
  'closed before the answer',
  'kept connection closed',
  'cut off within the answer',
  'invalid answer',
  'TLS failed',
  'no free port here',
  'too many open files here',
  'other',
] as const
export type ErrorKind = (typeof errorKinds)[number]

const byCode: Readonly<Record<string, ErrorKind>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name not found',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  EADDRNOTAVAIL: 'no free port here',
  EMFILE: 'too many open files here',
  ENFILE: 'too many open files here',
  EPROTO: 'TLS failed',
}

/** No connection was made, for a reason on the target's side: it may be gone. */
const connectionKinds: ReadonlySet<ErrorKind> = new Set(['refused', 'unreachable', 'name not found'])

export function isConnectionFailure(kind: ErrorKind): boolean {
  return connectionKinds.has(kind)
}

/** `isKept`: the connection was reused, so the server may have closed it as this exchange began. */
export function errorKindOf(error: Error, isKept: boolean): ErrorKind {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const isReset = byCode[code] === 'reset'
  if (isReset && isKept) return 'kept connection closed'
  // Node reports an orderly end without an answer with the code of a reset.
  if (isReset && error.message === 'socket hang up') return 'closed before the answer'
  if (code.startsWith('HPE_')) return 'invalid answer'
  if (/^ERR_(TLS|SSL)|CERT|^UNABLE_TO|SELF_SIGNED/.test(code)) return 'TLS failed'
  return byCode[code] ?? 'other'
}
