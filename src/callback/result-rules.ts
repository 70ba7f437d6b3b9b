import type { CallbackOptions } from './options.ts'

/**
 * Limits on a call's result. A call keeps the limits that its route had when the call began: a reload does not change
 * them, nor does a route with the same callback path.
 */
export interface Terms {
  readonly maxBytes: number
  /** How the callback names the client's status; undefined: it is 200. */
  readonly status: StatusRule | undefined
}

export interface StatusRule {
  /** In lower case. */
  readonly field: string
  readonly allow: NonNullable<CallbackOptions['receive']['status']>['allow']
}

export interface TermsOptions {
  readonly maxAnswer: number
  readonly status: CallbackOptions['receive']['status']
}

export function termsOf({ maxAnswer, status }: TermsOptions): Terms {
  return { maxBytes: maxAnswer, status: status && { field: status.header.toLowerCase(), allow: status.allow } }
}
