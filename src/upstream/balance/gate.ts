import type { Attempt, Target } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { Failure } from '../../core/failure.ts'

/** Who has the last word before an attempt begins, where not every target may always be sent something. */
export interface Gate {
  /** Undefined: not there, as another attempt has just been let through alone. The next pick finds another target. */
  begin(target: Target, call: Call): Attempt | undefined
  /** Why there is no target. */
  refusal(upstream: string): Failure
}
