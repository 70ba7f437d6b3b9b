import { failed } from '../../core/outcome.ts'
import type { RaceView, Step } from '../../kit/race.ts'
import { allFailed } from '../all-failed.ts'

export interface FirstRules {
  readonly calls: number
  readonly settle: 'success' | 'response'
}

export function decideFirst(view: RaceView, rules: FirstRules): Step {
  const { runners, aborted } = view
  if (aborted !== undefined) return { do: 'settle', outcome: failed(aborted) }
  if (runners.length === 0) return { do: 'send', count: rules.calls, kind: 'duplicate' }
  const decisive = runners.findIndex(
    ({ outcome }) => outcome !== undefined && (outcome.ok || rules.settle === 'response'),
  )
  const outcome = runners[decisive]?.outcome
  if (outcome !== undefined) return { do: 'settle', outcome, keep: decisive }
  if (runners.some((runner) => runner.outcome === undefined)) return { do: 'wait' }
  return { do: 'settle', outcome: failed(allFailed(runners)) }
}
