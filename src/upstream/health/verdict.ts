import type { Attempt } from '../../core/attempt.ts'
import type { Failure, FailureCode } from '../../core/failure.ts'
import type { Outcome } from '../../core/outcome.ts'

/** Verdict on a target from the end of an attempt. `neither`: none, because another party ended the attempt. */
export type Verdict = 'good' | 'bad' | 'neither'

const badCodes: ReadonlySet<FailureCode> = new Set([
  'UPSTREAM_REFUSED',
  'UPSTREAM_TLS',
  'UPSTREAM_RESET',
  'UPSTREAM_INVALID',
  'UPSTREAM_TIMEOUT',
])

/**
 * Any answer other than 5xx is good: a target that answers 404 is healthy. Client disconnects, client errors and lost
 * races say nothing. Nor does a deadline that left the attempt less than `patienceMs`: clients may choose their
 * deadline, and a client in a hurry must not get targets ejected.
 *
 * Nor does an attempt without an answer if the gateway stalled for a quarter or more of its time: the stall alone may
 * have failed it, and a target that is down fails the next ones too. A shorter stall left the target time enough; if it
 * counted, the short stalls that every process has would excuse a target that hangs.
 */
export function verdictOf(attempt: Attempt, outcome: Outcome, patienceMs: number): Verdict {
  if (outcome.ok) return attempt.outcome === 'success' || outcome.response.status < 500 ? 'good' : 'bad'
  const { code, upstreamStatus } = outcome.failure
  if (upstreamStatus !== undefined) return upstreamStatus < 500 ? 'good' : 'bad'
  if (lostItsTime(attempt)) return 'neither'
  if (badCodes.has(code)) return 'bad'
  if (code !== 'DEADLINE' || attempt.endedMs === undefined) return 'neither'
  return attempt.endedMs - attempt.startedMs >= patienceMs ? 'bad' : 'neither'
}

function lostItsTime({ startedMs, endedMs, stalledMs }: Attempt): boolean {
  return stalledMs > 0 && endedMs !== undefined && stalledMs >= (endedMs - startedMs) / 4
}

/** Whether a finished body broke off, and was not cancelled by the client or the gateway. */
export function isTargetsFault(failure: Failure | undefined): boolean {
  return failure !== undefined && badCodes.has(failure.code)
}

/** Minimum time that a deadline must leave an attempt to count against its target. */
export function patienceMs(usualDeadlineMs: number): number {
  return Math.min(1000, usualDeadlineMs / 2)
}
