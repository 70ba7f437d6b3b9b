import type { GatewayResponse } from '../../core/response.ts'
import type { Layer, Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { JsonParts } from '../../kit/json-parts.ts'
import { type Judge, race } from '../../kit/race.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { ballotOf } from './ballot.ts'
import { decideQuorum, type QuorumRules } from './decide.ts'
import { quorumOptions } from './options.ts'

export function quorum(rules: QuorumRules & { readonly ignore: readonly string[] }, clock: Clock): Layer {
  const ignored = rules.ignore.length === 0 ? undefined : JsonParts.of(rules.ignore)
  return function quorumLayer(next) {
    return (request, call) => {
      const ballots = new Map<GatewayResponse, string>()
      // Before the judge sees the answer, because reading a large one takes several turns.
      const nextWithBallot: Service = async (asked, fork) => {
        const outcome = await next(asked, fork)
        if (!outcome.ok) return outcome
        const ballot = await ballotOf(outcome.response, ignored, fork.scope)
        if (!ballot.ok) return ballot
        ballots.set(outcome.response, ballot.value)
        return outcome
      }
      const ballot = (response: GatewayResponse): string => {
        const made = ballots.get(response)
        if (made === undefined) throw new Error('an answer is judged that has no ballot')
        return made
      }
      const judge: Judge = (view) => decideQuorum(view, rules, ballot)
      return race({ judge, next: nextWithBallot, request, call, clock })
    }
  }
}

export const quorumStrategy: Strategy<typeof quorumOptions> = {
  options: quorumOptions,
  settings: ({ need, of }) => `${need} of ${of} must agree`,
  plan: (options, { clock }) => ({
    attempts: { kind: 'line', line: options, layer: quorum(options, clock) },
    goodStatus: anySuccess,
    answer: { kind: 'held', statusSuffices: false, maxBytes: options.maxAnswer },
    body: { kind: 'held', maxBytes: options.bodyLimit },
  }),
}
