import type { Layer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { race } from '../../kit/race.ts'
import { decideFirst, type FirstRules } from './decide.ts'

/** Sends the same request several times at once; see `decide.ts` for which answer is given. */
export function first(rules: FirstRules, clock: Clock): Layer {
  return function firstLayer(next) {
    return (request, call) =>
      race({ judge: (view) => decideFirst(view, rules), next, requestAt: () => request, call, clock })
  }
}
