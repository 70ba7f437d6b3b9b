import { type Failure, failure } from '../core/failure.ts'
import type { Runner } from '../kit/race.ts'

/** One failure for a race without a good answer: the last attempt's code, and the details of every failure. */
export function allFailed(runners: readonly Runner[]): Failure {
  const failures = runners.flatMap(({ outcome, dropped }) =>
    outcome?.ok === false && !dropped ? [outcome.failure] : [],
  )
  const last = failures.at(-1)
  if (last === undefined) return failure('NO_TARGET', 'No attempt could be made')
  if (failures.length === 1) return last
  const details = failures.map(({ detail }) => detail).join('; ')
  return { ...last, detail: `All ${failures.length} attempts failed: ${details}` }
}
