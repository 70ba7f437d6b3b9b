import { callbackFailureStatuses } from '../../callback/callback.ts'
import type { CallbackConfig } from '../../callback/callback-config.ts'
import { matchText } from '../match.ts'
import { optionsIf } from '../route-strategy.ts'
import type { Config } from '../schema.ts'
import { failurePolicy } from './failure-policy.ts'

/** The part of a configuration that concerns callbacks. */
export function callbackConfig({ routes, callbacks }: Config): CallbackConfig {
  return {
    shared: callbacks,
    routes: routes.flatMap((route) => {
      const { match, deadline } = route
      const callback = optionsIf('callback', route)
      if (callback === undefined) return []
      return [{ name: matchText(match), callback, deadline, failures: failurePolicy(route, callbackFailureStatuses) }]
    }),
  }
}
