import { failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import type { GatewayResponse } from '../../core/response.ts'
import type { RaceView, Step } from '../../kit/race.ts'

export interface QuorumRules {
  readonly of: number
  readonly need: number
}

/** Answers agree if `ballot` returns the same string for them. */
export function decideQuorum(view: RaceView, rules: QuorumRules, ballot: (response: GatewayResponse) => string): Step {
  const { runners, aborted } = view
  if (aborted !== undefined) return { do: 'settle', outcome: failed(aborted) }
  if (runners.length === 0) return { do: 'send', count: rules.of, kind: 'duplicate' }
  const votes = new Map<string, number>()
  let mostVotes = 0
  let undecided = 0
  for (const [index, { outcome }] of runners.entries()) {
    if (outcome === undefined) undecided++
    if (outcome?.ok !== true) continue
    const vote = ballot(outcome.response)
    const count = (votes.get(vote) ?? 0) + 1
    if (count >= rules.need) return { do: 'settle', outcome, keep: index }
    votes.set(vote, count)
    mostVotes = Math.max(mostVotes, count)
  }
  if (mostVotes + undecided >= rules.need) return { do: 'wait' }
  const counts = [...votes.values()].sort((a, b) => b - a).join(', ')
  const found = counts === '' ? 'no good answer' : `answers that agree: ${counts}`
  const detail = `${rules.need} of ${rules.of} must agree; ${found}`
  return { do: 'settle', outcome: failed(failure('QUORUM_FAILED', detail)) }
}
