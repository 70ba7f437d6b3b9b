import type { Layer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { race } from '../../kit/race.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { decideFirst, type FirstRules } from './decide.ts'
import { firstOptions } from './options.ts'

/** Sends the same request several times at once; see `decide.ts` for which answer is given. */
export function first(rules: FirstRules, clock: Clock): Layer {
  return function firstLayer(next) {
    return (request, call) =>
      race({ judge: (view) => decideFirst(view, rules), next, requestAt: () => request, call, clock })
  }
}

export const firstStrategy: Strategy<typeof firstOptions> = {
  options: firstOptions,
  plan: (options, { clock }) => ({
    layer: first(options, clock),
    lines: options,
    goodStatus: anySuccess,
    passesAnyStatus: false,
    holdsAnswer: false,
    maxAnswerBytes: options.maxAnswer,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: false,
  }),
}
