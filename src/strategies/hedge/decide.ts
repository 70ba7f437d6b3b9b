import { failed } from '../../core/outcome.ts'
import type { RaceView, Runner, Step } from '../../kit/race.ts'
import { allFailed } from '../all-failed.ts'

export interface HedgePlan {
  readonly afterMs: number
  readonly spacingMs: number
  /** Total number of extras; 0 if hedging is not allowed or the budget is spent. */
  readonly extra: number
  readonly first: 'keep' | 'drop'
}

/**
 * The first good answer wins. The extras go out `afterMs` after the first attempt, or as soon as it has failed. With a
 * spacing they go one by one: the next when its time has come, or when all attempts so far have failed. None goes out
 * once all have failed in a way that another attempt cannot fix.
 */
export function decideHedge(view: RaceView, plan: HedgePlan): Step {
  const { runners, aborted, elapsedMs } = view
  if (aborted !== undefined) return { do: 'settle', outcome: failed(aborted) }
  if (runners.length === 0) return { do: 'send', count: 1, kind: 'first' }
  const winner = runners.findIndex(({ outcome }) => outcome?.ok === true)
  const outcome = runners[winner]?.outcome
  if (outcome !== undefined) return { do: 'settle', outcome, keep: winner }

  if (runners.every(isHopeless)) return { do: 'settle', outcome: failed(allFailed(runners)) }
  const allEnded = runners.every((runner) => runner.outcome !== undefined)
  const extrasSent = runners.length - 1
  if (extrasSent >= plan.extra) {
    return allEnded ? { do: 'settle', outcome: failed(allFailed(runners)) } : { do: 'wait' }
  }
  const dueMs = extrasSent === 0 ? plan.afterMs : lastSentMs(runners) + plan.spacingMs
  if (elapsedMs < dueMs && !allEnded) return { do: 'wait', untilMs: dueMs }
  const count = plan.spacingMs === 0 ? plan.extra - extrasSent : 1
  const dropFirst = extrasSent === 0 && plan.first === 'drop' && runners[0]?.outcome === undefined
  return dropFirst ? { do: 'send', count, kind: 'hedge', drop: [0] } : { do: 'send', count, kind: 'hedge' }
}

/** Another attempt would end the same way. */
function isHopeless({ outcome }: Runner): boolean {
  return outcome?.ok === false && outcome.failure.retry === 'no'
}

function lastSentMs(runners: readonly Runner[]): number {
  return runners.at(-1)?.sentMs ?? 0
}
