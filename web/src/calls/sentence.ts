import type { AttemptView, CallView } from '../../../src/admin/api.ts'
import { ms } from '../format.ts'
import { addedBy } from './told.ts'
import { waitOf } from './wait.ts'

/** With more clauses than this, the sentence leaves out the middle ones. */
const toldClauses = 5

/** Describes a call in one plain sentence: which backends were asked, what each answered, and how the call ended. */
export function sentenceOf(call: CallView): string {
  const attempts = shortened(call.attempts.map((attempt) => clauseOf(attempt, call)))
  const clauses = [turnOf(call), ...attempts, endingOf(call)].filter((clause) => clause !== '')
  const text = clauses.join('; ')
  // A target's name keeps its case, even at the start.
  const [first] = call.attempts
  const startsWithName = clauses[0] === attempts[0] && first !== undefined && subjectOf(first) === first.target
  const start = startsWithName ? text.charAt(0) : text.charAt(0).toUpperCase()
  return `${start}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

/** The result of an attempt, shown at its bar. */
export function resultOf(attempt: AttemptView, call: CallView): string {
  const { outcome, status, detail } = attempt
  const took = durationOf(attempt, call)
  const after = `after ${ms(took)}`
  if (attempt.won && status !== undefined) return `answered ${status} ${after}${winning(attempt, call)}`
  switch (outcome) {
    case undefined:
      return 'was still under way when the call ended'
    case 'success':
      return `answered ${status ?? 'well'} ${after}`
    case 'server_error':
    case 'client_error':
    case 'rate_limited':
      return `answered ${status ?? 'with an error'} ${after}`
    case 'timeout':
      return endedByDeadline(attempt, call)
        ? `had not answered after ${ms(took)}, when the deadline came`
        : `gave no answer within ${ms(took)}`
    case 'refused':
      return 'was refused'
    case 'tls_error':
      return 'could not be reached over TLS'
    case 'gateway_exhausted':
      return 'was sent nothing, as the gateway had run out of resources'
    case 'reset':
      return `broke off the connection ${after}`
    case 'invalid':
      return `gave an answer that does not count ${after}${detail === undefined ? '' : ` (${withoutStop(detail)})`}`
    case 'cancelled':
      return `was cancelled ${after}${cancelledBecause(call)}`
  }
}

/** An answer that does not count as good may still be the one that the client gets. */
function winning({ outcome }: AttemptView, { attempts }: CallView): string {
  if (outcome !== 'success') return ', and that went to the client'
  return attempts.length > 1 ? ' and won' : ''
}

/** A short form for beside the bar. */
export function labelOf(attempt: AttemptView, call: CallView): string {
  const { outcome } = attempt
  if (outcome === 'cancelled') return `cancelled${cancelledBecause(call)}`
  if (outcome === 'timeout' && endedByDeadline(attempt, call)) return 'no answer by the deadline'
  if (outcome === undefined) return 'still under way when the call ended'
  return resultOf(attempt, call)
    .replace(/ \(.*\)$/, '')
    .replace(/^was /, '')
}

/** `, as attempt 2 won`. */
function cancelledBecause(call: CallView): string {
  const winners = call.attempts.filter(({ won }) => won)
  if (winners.length === 1) return `, as attempt ${winners[0]?.number} won`
  // The end of the sentence says so already.
  if (clientLeft(call)) return ''
  if (call.failure === undefined) return ', when the call was decided without it'
  return call.failure?.code === 'DEADLINE' ? ', when the deadline had come' : ', when the call had failed'
}

/** If the call never had its turn, the failure says so. */
function turnOf({ queuedMs = 0, attempts }: CallView): string {
  return queuedMs < 1 || attempts.length === 0 ? '' : `it waited ${ms(queuedMs)} for its turn`
}

function clauseOf(attempt: AttemptView, call: CallView): string {
  return `${subjectOf(attempt)} ${resultOf(attempt, call).replace('was refused', refusal(attempt))}`
}

/** A backend refuses the connection; an attempt is refused. */
function refusal({ kind }: AttemptView): string {
  return kind === 'first' ? 'refused the connection' : 'was refused'
}

function subjectOf({ kind, number, target, outcome }: AttemptView): string {
  switch (kind) {
    case 'first':
      // Only the attempt was cancelled; the target keeps running.
      return outcome === 'cancelled' ? `the attempt at ${target}` : target
    case 'duplicate':
      return `attempt ${number} at ${target}`
    case 'hedge':
    case 'retry':
      return `the ${kind} at ${target}`
  }
}

function endingOf(call: CallView): string {
  const { failure, status, durationMs, attempts } = call
  if (clientLeft(call)) return `the client hung up after ${ms(durationMs)}, before it had its answer`
  if (failure === undefined) {
    if (waitOf(call) !== undefined) return `the client got ${status} after ${ms(durationMs)}`
    if (status < 500 || attempts.some(({ won }) => won)) return ''
    return `${attempts.length === 0 ? 'the gateway answered' : 'the client got'} ${status}`
  }
  const got = `the client got ${status}`
  if (attempts.length === 0) return `no backend was asked: ${withoutStop(failure.detail)}; ${got}`
  if (attempts.some(({ won }) => won))
    return `but then it broke: ${withoutStop(failure.detail)}; ${got} and no whole answer`
  if (failure.code === 'WAIT_OVER')
    return `its result had not come after ${ms(durationMs)}, as long as the client would wait, so ${got}`
  if (failure.code === 'DEADLINE' && waitOf(call) !== undefined)
    return `its result had not come after ${ms(call.deadlineMs ?? durationMs)}, so ${got}`
  if (failure.code === 'DEADLINE') return `nothing was left within ${ms(call.deadlineMs ?? durationMs)}, so ${got}`
  const added = addedBy(failure.detail, attempts).map((part) => `${withoutStop(part)}; `)
  return `${added.join('')}no further attempt was made, so ${got}`
}

function clientLeft({ status, failure }: CallView): boolean {
  return status === 0 || failure?.code === 'CLIENT_GONE'
}

/** An attempt's own timeout ends it before the call's deadline. */
function endedByDeadline({ endedMs }: AttemptView, { deadlineMs }: CallView): boolean {
  return deadlineMs !== undefined && endedMs !== undefined && endedMs >= deadlineMs - 5
}

export function durationOf({ startedMs, endedMs }: AttemptView, call: CallView): number {
  return Math.max(0, (endedMs ?? call.durationMs) - startedMs)
}

function shortened(clauses: readonly string[]): readonly string[] {
  if (clauses.length <= toldClauses) return clauses
  const left = clauses.length - toldClauses
  return [...clauses.slice(0, toldClauses - 1), `${left} more ended`, clauses.at(-1) as string]
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '')
}
