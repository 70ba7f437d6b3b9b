import { succeeded } from '../../core/outcome.ts'
import type { Layer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { type Runner, race } from '../../kit/race.ts'
import { type AllRules, decideAll } from './decide.ts'
import { merge } from './merge.ts'

/** `names`: the named calls, in order; each goes out as its own `part` of the request. */
export function all(rules: AllRules, names: readonly string[] | undefined, clock: Clock): Layer {
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
