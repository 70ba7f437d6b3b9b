import { isHeld } from '../../core/body.ts'
import { failed, succeeded } from '../../core/outcome.ts'
import type { Layer, Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { noRoomFor } from '../../kit/collect.ts'
import { type Runner, race } from '../../kit/race.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { type AllRules, decideAll } from './decide.ts'
import { jsonBody } from './json-body.ts'
import { merge } from './merge.ts'
import { type AllOptions, allOptions } from './options.ts'

/** Each named call goes out as its own `part` of the request. */
export function all(options: AllOptions, clock: Clock): Layer {
  const names = typeof options.calls === 'number' ? undefined : Object.keys(options.calls)
  const calls = typeof options.calls === 'number' ? options.calls : Object.keys(options.calls).length
  const rules: AllRules = { calls, tolerate: options.tolerate, named: names !== undefined }
  const toOutcome = (runners: readonly Runner[]) => succeeded(merge(runners, names))
  return function allLayer(next) {
    const nextAsJson = withJsonBody(next)
    return (request, call) =>
      race({
        judge: (view) => decideAll(view, rules, toOutcome),
        next: nextAsJson,
        requestAt: (place) => (names === undefined ? request : { ...request, part: names[place] }),
        call,
        clock,
      })
  }
}

/** Before the judge sees the answer, because reading a large one takes several turns. */
function withJsonBody(next: Service): Service {
  return async (request, call) => {
    const outcome = await next(request, call)
    if (!outcome.ok) return outcome
    const { response } = outcome
    if (!isHeld(response.body)) throw new Error('an answer to be merged was not held')
    const body = await jsonBody(response.body, call.scope)
    const longer = 'code' in body ? 0 : body.length - (response.body?.length ?? 0)
    // A string takes up to six times as much as its source text.
    if (longer > 0 && !call.hold(longer)) return failed(noRoomFor('the answer'))
    return 'code' in body ? failed(body) : succeeded({ ...response, body })
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
