import { succeeded } from '../../core/outcome.ts'
import type { Layer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { type Runner, race } from '../../kit/race.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { type AllRules, decideAll } from './decide.ts'
import { merge } from './merge.ts'
import { type AllOptions, allOptions } from './options.ts'

/** Named calls go out each as its own `part` of the request. */
export function all(options: AllOptions, clock: Clock): Layer {
  const names = typeof options.calls === 'number' ? undefined : Object.keys(options.calls)
  const calls = typeof options.calls === 'number' ? options.calls : Object.keys(options.calls).length
  const rules: AllRules = { calls, tolerate: options.tolerate, named: names !== undefined }
  const toOutcome = (runners: readonly Runner[]) => succeeded(merge(runners, names))
  return function allLayer(next) {
    return (request, call) =>
      race({
        judge: (view) => decideAll(view, rules, toOutcome),
        next,
        requestAt: (place) => (names === undefined ? request : { ...request, part: names[place] }),
        call,
        clock,
      })
  }
}

export const allStrategy: Strategy<typeof allOptions> = {
  options: allOptions,
  plan: (options, { clock }) => ({
    layer: all(options, clock),
    lines: 'upstream' in options ? options : options.calls,
    goodStatus: anySuccess,
    passesAnyStatus: false,
    holdsAnswer: true,
    maxAnswerBytes: options.maxAnswer,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: false,
  }),
}
