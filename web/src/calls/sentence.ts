import type { AttemptView, CallView } from '../../../src/admin/api.ts'
import { counted, ms } from '../format.ts'
import { reasonOf, resultOf } from './result.ts'
import { waitOf } from './wait.ts'

/** With more kinds of results than this, the rest is only counted. */
const maxResults = 3

/** Describes a call in a few short sentences: what its attempts came to, and what the client got. */
export function sentenceOf(call: CallView): string {
  return [queueOf(call), ...courseOf(call), endOf(call)].filter((sentence) => sentence !== '').join(' ')
}

/** If the call never had its turn, the failure says so. */
function queueOf({ queuedMs = 0, attempts }: CallView): string {
  return queuedMs < 1 || attempts.length === 0 ? '' : `The call waited ${ms(queuedMs)} for its turn.`
}

function courseOf(call: CallView): readonly string[] {
  const { attempts, failure, durationMs, deadlineMs } = call
  const limit = `the ${ms(deadlineMs ?? durationMs)} deadline`
  if (attempts.length === 0)
    return failure === undefined ? [] : [`No attempt was made: ${withoutStop(failure.detail)}.`]
  if (isClientGone(call)) {
    const gone = `The client hung up after ${ms(durationMs)}, before it had its answer.`
    return [...resultsOf(call), gone, cancelledOf(call)]
  }
  const winner = attempts.find(({ won }) => won)
  if (failure === undefined) return winner === undefined ? resultsOf(call) : wonBy(winner, call)
  if (winner !== undefined)
    return [`${winner.target} answered ${winner.status}, but then it broke off: ${withoutStop(failure.detail)}.`]
  if (failure.code === 'WAIT_OVER')
    return [...resultsOf(call), `No result came within the ${ms(durationMs)} that the client would wait.`]
  if (failure.code !== 'DEADLINE') return [...resultsOf(call), cancelledOf(call), addedBy(call)]
  if (waitOf(call) !== undefined) return [...resultsOf(call), `No result came within ${limit}.`]
  return [missedOf(call, limit)]
}

function endOf(call: CallView): string {
  const { attempts, failure, status, durationMs } = call
  if (isClientGone(call)) return ''
  const got = `The client got ${status}`
  const hasWinner = attempts.some(({ won }) => won)
  if (failure !== undefined) return hasWinner ? `${got} and an incomplete answer.` : `${got}.`
  if (waitOf(call) !== undefined) return `${got} after ${ms(durationMs)}.`
  if (attempts.length === 0) return `The gateway answered ${status} itself.`
  return hasWinner ? '' : `${got}.`
}

function wonBy(winner: AttemptView, call: CallView): readonly string[] {
  const { target, outcome, status, kind, number, endedMs } = winner
  const after = `after ${ms(endedMs ?? call.durationMs)}`
  const answered = `${target} answered ${status} ${after}`
  if (outcome !== 'success') return [`${answered}, passed on to the client.`]
  if (call.attempts.length === 1) return [`${answered}.`]
  const which = kind === 'first' || kind === 'duplicate' ? `attempt ${number}` : `attempt ${number}, a ${kind}`
  const others = call.attempts.filter((attempt) => attempt !== winner && attempt.outcome !== 'cancelled')
  const rest = others.length === 0 ? [] : [`${groupsText(others, call)}.`]
  return [`${target} won with ${status} ${after} (${which}).`, ...rest, cancelledOf(call)]
}

/** The results of all attempts but the cancelled ones. */
function resultsOf(call: CallView): readonly string[] {
  const ended = call.attempts.filter(({ outcome }) => outcome !== 'cancelled')
  const [only] = ended
  if (only === undefined) return []
  if (ended.length === 1) {
    const took = only.outcome === undefined || only.outcome === 'refused' || only.outcome === 'timeout'
    return [`${only.target} ${resultOf(only, call)}${took ? '' : ` after ${ms(only.endedMs ?? call.durationMs)}`}.`]
  }
  const failed = ended.filter(({ outcome }) => outcome !== 'success')
  if (failed.length === 0 || groupsOf(ended, call).length === 1) return [`${groupsText(ended, call)}.`]
  const at = onlyTargetOf(ended)
  if (failed.length < ended.length)
    return [`${failed.length} of ${ended.length} attempts failed: ${groupsText(failed, call)}.`]
  const where = at === undefined ? '' : ` at ${at}`
  return [`All ${ended.length} attempts${where} failed${inBrackets(kindsOf(ended))}: ${listOf(ended, call)}.`]
}

/** The call ended because its deadline did. */
function missedOf(call: CallView, limit: string): string {
  const { attempts } = call
  const failed = attempts.filter(({ outcome }) => outcome !== 'success')
  const answered = failed.filter((attempt) => !isSilent(attempt, call))
  const kinds = inBrackets(countedKinds(attempts))
  if (failed.length < attempts.length)
    return `${failed.length} of ${attempts.length} attempts had no good answer within ${limit}: ${listOf(failed, call)}.`
  if (answered.length === 0) return `No answer from ${namesOf(attempts)} within ${limit}${kinds}.`
  const from = onlyTargetOf(attempts) === undefined ? '' : ` from ${namesOf(attempts)}`
  return `No good answer${from} within ${limit}${kinds}: ${listOf(attempts, call)}.`
}

function isSilent(attempt: AttemptView, call: CallView): boolean {
  const { outcome } = attempt
  return outcome === undefined || outcome === 'cancelled' || resultOf(attempt, call) === 'did not answer'
}

interface Group {
  readonly result: string
  readonly attempts: readonly AttemptView[]
}

function groupsOf(attempts: readonly AttemptView[], call: CallView): readonly Group[] {
  const groups = Map.groupBy(attempts, (attempt) => resultOf(attempt, call))
  return [...groups].map(([result, attempts]) => ({ result, attempts }))
}

/** `work answered 500, work2 refused the connection`. */
function groupsText(attempts: readonly AttemptView[], call: CallView): string {
  const groups = groupsOf(attempts, call)
  const [only] = groups
  if (groups.length === 1 && only !== undefined && attempts.length > 1) {
    const kinds = kindsOf(attempts)
    if (onlyTargetOf(attempts) !== undefined) return `${clauseOf(only)}${inBrackets(kinds)}`
    return `${namesOf(attempts)} ${only.result}${inBrackets(countedKinds(attempts))}`
  }
  return shortened(groups.map(clauseOf))
}

/** The same without naming a target that all attempts share: `1 answered 500, 2 did not answer`. */
function listOf(attempts: readonly AttemptView[], call: CallView): string {
  if (onlyTargetOf(attempts) === undefined || attempts.length === 1) return groupsText(attempts, call)
  const clauses = groupsOf(attempts, call).map(({ result, attempts }) => {
    const verb = attempts.length > 1 ? result.replace(/^was /, 'were ') : result
    return `${attempts.length} ${verb}`
  })
  return shortened(clauses)
}

function clauseOf({ result, attempts }: Group): string {
  if (onlyTargetOf(attempts) === undefined) return `${namesOf(attempts)} ${result}`
  const times = attempts.length === 1 ? '' : attempts.length === 2 ? ' twice' : ` ${attempts.length} times`
  return `${namesOf(attempts)} ${result}${times}`
}

function shortened(clauses: readonly string[]): string {
  if (clauses.length <= maxResults + 1) return clauses.join(', ')
  return `${clauses.slice(0, maxResults).join(', ')}, and ${clauses.length - maxResults} other results`
}

function cancelledOf({ attempts }: CallView): string {
  const cancelled = attempts.filter(({ outcome }) => outcome === 'cancelled').length
  if (cancelled === 0) return ''
  const other = cancelled < attempts.length ? 'other ' : ''
  return cancelled === 1 ? `1 ${other}attempt was cancelled.` : `${cancelled} ${other}attempts were cancelled.`
}

/** The failure's detail, if no attempt shows it. */
function addedBy({ attempts, failure }: CallView): string {
  if (failure === undefined || attempts.some(isShownBy)) return ''
  return `${withoutStop(failure.detail)}.`
}

/** An attempt that failed by itself is the reason for the failure, or one of them. */
function isShownBy(attempt: AttemptView): boolean {
  const { outcome } = attempt
  return (outcome !== undefined && outcome !== 'success' && outcome !== 'cancelled') || reasonOf(attempt) !== ''
}

function isClientGone({ status, failure }: CallView): boolean {
  return status === 0 || failure?.code === 'CLIENT_GONE'
}

function onlyTargetOf(attempts: readonly AttemptView[]): string | undefined {
  const names = new Set(attempts.map(({ target }) => target))
  return names.size === 1 ? attempts[0]?.target : undefined
}

/** `work`, `work and work2`, `a, b and 3 others`. */
function namesOf(attempts: readonly AttemptView[]): string {
  const names = [...new Set(attempts.map(({ target }) => target))]
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} others`] : names
  const last = shown.at(-1) ?? ''
  return shown.length === 1 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
}

/** `3 attempts: 1 first, 2 hedges`; empty for one attempt. */
function countedKinds(attempts: readonly AttemptView[]): string {
  if (attempts.length === 1) return ''
  const kinds = kindsOf(attempts)
  return `${counted(attempts.length, 'attempt')}${kinds === '' ? '' : `: ${kinds}`}`
}

/** `1 first, 2 hedges`; empty if all are of one kind. */
function kindsOf(attempts: readonly AttemptView[]): string {
  const kinds = [...Map.groupBy(attempts, ({ kind }) => kind)]
  if (kinds.length < 2) return ''
  return kinds
    .map(([kind, { length }]) => (kind === 'first' ? `${length} first` : countedKind(length, kind)))
    .join(', ')
}

function countedKind(times: number, kind: AttemptView['kind']): string {
  return kind === 'retry' ? `${times} ${times === 1 ? 'retry' : 'retries'}` : counted(times, kind)
}

function inBrackets(text: string): string {
  return text === '' ? '' : ` (${text})`
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '')
}
