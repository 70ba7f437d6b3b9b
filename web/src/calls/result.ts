import type { AttemptView, CallView } from '../../../src/admin/api.ts'
import { ms } from '../format.ts'

/** The result of an attempt, as a verb phrase for its target: `answered 500`, `refused the connection`. */
export function resultOf(attempt: AttemptView, call: CallView): string {
  const { outcome, status } = attempt
  const why = reasonOf(attempt)
  const because = why === '' ? '' : ` (${why})`
  switch (outcome) {
    case undefined:
      return 'was still open'
    case 'success':
      return `answered ${status ?? 'well'}`
    case 'server_error':
    case 'client_error':
    case 'rate_limited':
      return `answered ${status ?? 'with an error'}`
    case 'timeout':
      return isEndedByDeadline(attempt, call) ? 'did not answer' : `did not answer within ${timeoutOf(attempt, call)}`
    case 'refused':
      return why === '' ? 'refused the connection' : `could not be reached${because}`
    case 'tls_error':
      return `failed the TLS handshake${because}`
    case 'gateway_exhausted':
      return `was sent nothing: the gateway had run out of resources${because}`
    case 'reset':
      return /inside its answer/.test(attempt.detail ?? '') ? 'broke off inside its answer' : 'reset the connection'
    case 'invalid':
      return `sent an answer that does not count${because}`
    case 'cancelled':
      return 'was cancelled'
  }
}

/** A short form for beside the bar. */
export function labelOf(attempt: AttemptView, call: CallView): string {
  const { outcome, won } = attempt
  if (outcome === 'cancelled') return `cancelled${cancelledBecause(call)}`
  if (outcome === undefined) return 'still open when the call ended'
  if (outcome === 'timeout' && isEndedByDeadline(attempt, call)) return 'no answer by the deadline'
  const result = resultOf(attempt, call).replace(/^was /, '')
  const isTimed = outcome !== 'refused' && outcome !== 'timeout' && outcome !== 'gateway_exhausted'
  const after = isTimed ? ` after ${ms(durationOf(attempt, call))}` : ''
  const end = !won ? '' : outcome !== 'success' ? ', passed on' : call.attempts.length > 1 ? ', won' : ''
  return `${result}${after}${end}`
}

/** The reason in an attempt's detail that its outcome does not express; empty if there is none. */
export function reasonOf({ target, outcome, status, detail }: AttemptView): string {
  if (detail === undefined || outcome === undefined || outcome === 'cancelled') return ''
  const reason = detail.replace(`${target}: `, '').replace(/\.$/, '')
  return expressed[outcome]?.test(reason) === true || reason === `status ${status}` ? '' : reason
}

/** Details that the words for an outcome already express. */
const expressed: Readonly<Record<string, RegExp>> = {
  refused: /^connection refused$/,
  reset: /^connection (?:reset|closed)(?: (?:before|inside) its answer)?$/,
  timeout: /^no (?:good )?answer within /i,
}

export function durationOf({ startedMs, endedMs }: AttemptView, call: CallView): number {
  return Math.max(0, (endedMs ?? call.durationMs) - startedMs)
}

/** `, as attempt 2 won`. */
function cancelledBecause({ attempts, failure }: CallView): string {
  const winners = attempts.filter(({ won }) => won)
  if (winners.length === 1) return `, as attempt ${winners[0]?.number} won`
  if (failure === undefined) return ', as the call was decided without it'
  if (failure.code === 'CLIENT_GONE') return ', as the client hung up'
  return failure.code === 'DEADLINE' ? ' at the deadline' : ', as the call had failed'
}

/** An attempt's own timeout ends it before the call's deadline. */
function isEndedByDeadline({ endedMs }: AttemptView, { deadlineMs }: CallView): boolean {
  return deadlineMs !== undefined && endedMs !== undefined && endedMs >= deadlineMs - 5
}

/** As configured, if the detail names it: measured times differ between attempts. */
function timeoutOf(attempt: AttemptView, call: CallView): string {
  return /no answer within (\d+ ms)/.exec(attempt.detail ?? '')?.[1] ?? ms(durationOf(attempt, call))
}
