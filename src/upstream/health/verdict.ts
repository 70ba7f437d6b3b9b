import type { Attempt } from '../../core/attempt.ts'
import type { Failure, FailureCode } from '../../core/failure.ts'
import type { Outcome } from '../../core/outcome.ts'

/** What the end of an attempt says of its target. `neither`: nothing, as somebody else ended it. */
export type Verdict = 'good' | 'bad' | 'neither'

const badCodes: ReadonlySet<FailureCode> = new Set([
  'UPSTREAM_REFUSED',
  'UPSTREAM_TLS',
  'UPSTREAM_RESET',
  'UPSTREAM_INVALID',
  'UPSTREAM_TIMEOUT',
])

/**
 * Good is any answer that is none of 5xx: who says 404 is well. The client's going, its faults and races that are lost
 * say nothing. Nor does a deadline that left the attempt less than `patienceMs`, as clients may choose theirs: a client
 * in a hurry must not have targets ejected.
 *
 * Nor does an attempt without an answer of whose time the gateway stood still a quarter or more: it may have failed for
 * that alone, and a target that is down fails the next ones too. Less than that leaves the target time enough, or the
 * short stalls that every process has would excuse one that hangs.
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

/** Of a body that is over: whether it broke off, and was not given up by the client or the gateway. */
export function isTargetsFault(failure: Failure | undefined): boolean {
  return failure !== undefined && badCodes.has(failure.code)
}

/** The least that a deadline must have left an attempt to count against its target. */
export function patienceMs(usualDeadlineMs: number): number {
  return Math.min(1000, usualDeadlineMs / 2)
}
