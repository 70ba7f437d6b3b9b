import { errors } from 'undici'
import { type Failure, failure } from '../../core/failure.ts'

/** What the wire said before an attempt failed; it decides whether the target may have acted on the request. */
export interface WireState {
  /** A byte of the request may have left. */
  readonly sent: boolean
  /** The response head has arrived. */
  readonly answered: boolean
  readonly targetName: string
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'name does not resolve',
  EAI_AGAIN: 'name does not resolve',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_BODY_TIMEOUT: 'silent for longer than idleTimeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'connection closed before the body was whole',
  UND_ERR_HEADERS_OVERFLOW: 'header too large',
}

/** Turns what the client library raised into a failure that says who is at fault and whether to try again. */
export function failureOfError(error: unknown, wire: WireState): Failure {
  const code = errorCode(error)
  const reason = reasons[code] ?? tlsReason(code) ?? (/^E[A-Z]+$/.test(code) ? code : 'connection failed')
  const say = (text: string): string => `${wire.targetName}: ${text}`

  if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return failure('BAD_REQUEST', 'The request body is shorter or longer than its Content-Length says', {
      cause: error,
    })
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return failure('BAD_REQUEST', `The request cannot be passed on: ${messageOf(error)}`, { cause: error })
  }
  // Before the head it is no length that the body fell short of, but one at odds with the rest of the head.
  const framedBadly = code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && !wire.answered
  if (error instanceof errors.HTTPParserError || framedBadly)
    return failure('UPSTREAM_INVALID', say('no valid HTTP response'), { cause: error })
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return failure('UPSTREAM_INVALID', say(reason), { cause: error })
  if (!wire.sent) return failure('UPSTREAM_REFUSED', say(reason), { cause: error })
  const where = wire.answered ? ' inside its answer' : ' before its answer'
  return failure('UPSTREAM_RESET', say(code === 'UND_ERR_BODY_TIMEOUT' ? reason : reason + where), { cause: error })
}

function tlsReason(code: string): string | undefined {
  return /CERT|TLS|SSL|SELF_SIGNED/.test(code) ? `TLS failed (${code})` : undefined
}

function errorCode(error: unknown): string {
  if (error instanceof AggregateError) return errorCode(error.errors[0])
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code)
  return ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
