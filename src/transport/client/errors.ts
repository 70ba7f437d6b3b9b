import { type Failure, failure } from '../../core/failure.ts'

/** What the wire said before an attempt failed; it decides whether the target may have acted on the request. */
export interface WireState {
  /** A byte of the request may have left. */
  readonly sent: boolean
  /** The response head has arrived. */
  readonly answered: boolean
  readonly targetName: string
}

/** What a connection came to; system errors have codes of their own. */
export type ConnectionEnd = 'CONNECT_TIMEOUT' | 'CLOSED' | 'CLOSED_TOO_SOON' | 'SILENT'

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'name does not resolve',
  EAI_AGAIN: 'name does not resolve',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  CONNECT_TIMEOUT: 'connection timed out',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  CLOSED: 'connection closed',
  CLOSED_TOO_SOON: 'connection closed before the body was whole',
  SILENT: 'silent for longer than idleTimeout',
}

/** Turns what became of a connection into a failure that says who is at fault and whether to try again. */
export function failureOfEnd(end: ConnectionEnd | Error, wire: WireState): Failure {
  const code = typeof end === 'string' ? end : errorCode(end)
  const reason = reasons[code] ?? tlsReason(code) ?? (/^E[A-Z]+$/.test(code) ? code : 'connection failed')
  const say = (text: string): string => `${wire.targetName}: ${text}`
  if (!wire.sent) return failure('UPSTREAM_REFUSED', say(reason), { cause: end })
  const saysWhere = code === 'SILENT' || code === 'CLOSED_TOO_SOON'
  const where = saysWhere ? '' : wire.answered ? ' inside its answer' : ' before its answer'
  return failure('UPSTREAM_RESET', say(reason + where), { cause: end })
}

/** The bytes that came are no answer; `fault` says why, for the log. */
export function failureOfAnswer(fault: string, targetName: string): Failure {
  const reason = fault === 'header too large' ? fault : 'no valid HTTP response'
  return failure('UPSTREAM_INVALID', `${targetName}: ${reason}`, { cause: fault })
}

function tlsReason(code: string): string | undefined {
  return /CERT|TLS|SSL|SELF_SIGNED/.test(code) ? `TLS failed (${code})` : undefined
}

function errorCode(error: Error): string {
  if (error instanceof AggregateError) return errorCode(error.errors[0])
  return 'code' in error ? String(error.code) : ''
}
