import { type Failure, failure } from '../../core/failure.ts'
import { isShortage, type Shortage, shortages } from './shortage.ts'
import { isHandshakeAlert, tlsErrorOf } from './tls-error.ts'

/** How far an attempt got before it failed; decides whether the target may have acted on the request. */
export interface WireState {
  /** A byte of the request may have been sent. */
  readonly sent: boolean
  /** The response head has arrived. */
  readonly answered: boolean
  readonly targetName: string
}

/** How a connection ended, unless with a system error, which has its own code. */
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
  CLOSED_TOO_SOON: 'connection closed before the body was complete',
  SILENT: 'silent for longer than idleTimeout',
}

/** Turns the end of a connection into a failure that names its source and says whether a retry is safe. */
export function failureOfEnd(end: ConnectionEnd | Error, wire: WireState): Failure {
  const code = codeOfEnd(end)
  if (isShortage(code)) return failureOfShortage(code, end)
  const tls = tlsErrorOf(code)
  const reason = tls === undefined ? reasonOf(code) : `TLS failed: ${tls.reason} (${code})`
  const say = (text: string): string => `${wire.targetName}: ${text}`
  if (tls !== undefined && (!wire.sent || isHandshakeAlert(code))) {
    return failure('UPSTREAM_TLS', say(reason), { cause: end })
  }
  if (!wire.sent) return failure('UPSTREAM_REFUSED', say(reason), { cause: end })
  const saysWhere = code === 'SILENT' || code === 'CLOSED_TOO_SOON'
  const where = saysWhere ? '' : wire.answered ? ' inside its answer' : ' before its answer'
  return failure('UPSTREAM_RESET', say(reason + where), { cause: end })
}

/** For bytes that are not a valid answer; `error` says why, for the log. */
export function failureOfAnswer(error: string, targetName: string): Failure {
  const reason = error === 'header too large' ? error : 'not a valid HTTP response'
  return failure('UPSTREAM_INVALID', `${targetName}: ${reason}`, { cause: error })
}

/** The code of the system or TLS error, or the end itself; empty for an error without a code. */
export function codeOfEnd(end: unknown): string {
  if (typeof end === 'string') return end
  if (end instanceof AggregateError) {
    // Without IPv6, the address ::1 of a name gives EADDRNOTAVAIL: the errors of its other addresses say more.
    const codes = end.errors.map(codeOfEnd)
    return codes.find((code) => !isShortage(code)) ?? codes[0] ?? ''
  }
  return end instanceof Error && 'code' in end ? String(end.code) : ''
}

/** A shortage is not the target's failure, so the detail does not name the target. */
function failureOfShortage(code: Shortage, end: ConnectionEnd | Error): Failure {
  const detail = `The gateway has ${shortages[code].reason} (${code})`
  return failure('GATEWAY_EXHAUSTED', detail, { cause: end })
}

function reasonOf(code: string): string {
  return reasons[code] ?? (/^E[A-Z]+$/.test(code) ? code : 'connection failed')
}
