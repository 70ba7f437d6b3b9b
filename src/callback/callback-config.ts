import type { DeadlineConfig } from '../layers/deadline/options.ts'
import type { FailurePolicy } from '../transport/server/failure-response.ts'
import type { CallbackOptions } from './options.ts'
import type { SharedCallbackOptions } from './shared-options.ts'

/** A route that waits for callbacks. */
export interface CallbackRoute {
  readonly name: string
  readonly callback: CallbackOptions
  readonly deadline: DeadlineConfig
  readonly failures: FailurePolicy
}

/** The callback settings of a configuration. */
export interface CallbackConfig {
  readonly shared: SharedCallbackOptions
  readonly routes: readonly CallbackRoute[]
}
