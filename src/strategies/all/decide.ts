import { failed, type Outcome } from '../../core/outcome.ts'
import type { RaceView, Runner, Step } from '../../kit/race.ts'
import { allFailed } from '../all-failed.ts'

export interface AllRules {
  readonly calls: number
  readonly tolerate: 'none' | 'failures' | 'lateness'
  /** Named calls ask for different things: none is a duplicate of another. */
  readonly named: boolean
}

/** `merge` combines the good answers into one; it is called once, at the end. */
export function decideAll(view: RaceView, rules: AllRules, merge: (runners: readonly Runner[]) => Outcome): Step {
  const { runners, aborted } = view
  const settle = (outcome: Outcome): Step => ({ do: 'settle', outcome })
  if (aborted !== undefined) {
    const timeIsUp = aborted.code === 'DEADLINE' && rules.tolerate === 'lateness'
    return settle(timeIsUp ? merge(runners) : failed(aborted))
  }
  if (runners.length === 0) return { do: 'send', count: rules.calls, kind: rules.named ? 'first' : 'duplicate' }
  const failure = runners.find(({ outcome }) => outcome?.ok === false)?.outcome
  if (failure !== undefined && rules.tolerate === 'none') return settle(failure)
  if (runners.some(({ outcome }) => outcome === undefined)) return { do: 'wait' }
  const anyGood = runners.some(({ outcome }) => outcome?.ok === true)
  return settle(anyGood || rules.tolerate === 'lateness' ? merge(runners) : failed(allFailed(runners)))
}
