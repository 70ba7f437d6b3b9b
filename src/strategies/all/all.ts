import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer, Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { noRoomFor } from '../../kit/collect.ts'
import { type Runner, race } from '../../kit/race.ts'
import { type AttemptPlan, anySuccess, type Strategy } from '../strategy.ts'
import { type AllRules, decideAll } from './decide.ts'
import { jsonBody } from './json-body.ts'
import { merge } from './merge.ts'
import { type AllOptions, allOptions } from './options.ts'

type Tolerate = AllRules['tolerate']

/** The same request several times. */
export function all({ calls, tolerate }: { calls: number; tolerate: Tolerate }, clock: Clock): Layer {
  const rules: AllRules = { calls, tolerate, named: false }
  const toOutcome = (runners: readonly Runner[]) => succeeded(merge(runners, undefined))
  return function allLayer(next) {
    const nextAsJson = withJsonBody(next)
    return (request, call) =>
      race({ judge: (view) => decideAll(view, rules, toOutcome), next: nextAsJson, request, call, clock })
  }
}

/** Named calls, each along its own line. */
export function allNamed(lines: Readonly<Record<string, Service>>, tolerate: Tolerate, clock: Clock): Service {
  const names = Object.keys(lines)
  const services = Object.values(lines).map(withJsonBody)
  const rules: AllRules = { calls: names.length, tolerate, named: true }
  const toOutcome = (runners: readonly Runner[]) => succeeded(merge(runners, names))
  const next = (request: GatewayRequest, call: Call, index: number): Promise<Outcome> => {
    const service = services[index]
    if (service === undefined) throw new Error(`there is no call ${index} of ${services.length}`)
    return service(request, call)
  }
  return function allNamedCalls(request, call) {
    return race({ judge: (view) => decideAll(view, rules, toOutcome), next, request, call, clock })
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
    if (!body.ok) return body
    const longer = body.value.length - (response.body?.length ?? 0)
    // A string takes up to six times as much as its source text.
    if (longer > 0 && !call.hold(longer)) return failed(noRoomFor('the answer'))
    return succeeded({ ...response, body: body.value })
  }
}

export const allStrategy: Strategy<typeof allOptions> = {
  options: allOptions,
  settings: ({ calls, tolerate }) => {
    const sent = typeof calls === 'number' ? `${calls} at once` : Object.keys(calls).join(', ')
    return `${sent}; tolerate ${tolerate}`
  },
  plan: (options, { clock }) => ({
    attempts: attemptPlan(options, clock),
    goodStatus: anySuccess,
    answer: { kind: 'held', statusSuffices: false, maxBytes: options.maxAnswer },
    body: { kind: 'held', maxBytes: options.bodyLimit },
  }),
}

function attemptPlan(options: AllOptions, clock: Clock): AttemptPlan {
  if ('upstream' in options) return { kind: 'line', line: options, layer: all(options, clock) }
  const { calls, tolerate } = options
  return { kind: 'lines', lines: calls, service: (lines) => allNamed(lines, tolerate, clock) }
}
