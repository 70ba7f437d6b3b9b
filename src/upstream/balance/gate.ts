import type { Attempt, Target } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { Failure } from '../../core/failure.ts'

/** Final check before an attempt begins, for upstreams whose targets can be unavailable. */
export interface Gate {
  /** Undefined when another attempt has just been let through as the only one. The next pick finds another target. */
  begin(target: Target, call: Call): Attempt | undefined
  /** Why no target is available. */
  refusal(upstream: string): Failure
}
