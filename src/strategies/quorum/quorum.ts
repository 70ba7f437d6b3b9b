import type { GatewayResponse } from '../../core/response.ts'
import type { Layer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { race } from '../../kit/race.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { ballotOf } from './ballot.ts'
import { decideQuorum, type QuorumRules } from './decide.ts'
import { quorumOptions } from './options.ts'

export function quorum(rules: QuorumRules & { readonly ignore: readonly string[] }, clock: Clock): Layer {
  return function quorumLayer(next) {
    return (request, call) => {
      const ballots = new Map<GatewayResponse, string>()
      const ballot = (response: GatewayResponse): string => {
        const known = ballots.get(response)
        if (known !== undefined) return known
        const made = ballotOf(response, rules.ignore)
        ballots.set(response, made)
        return made
      }
      return race({ judge: (view) => decideQuorum(view, rules, ballot), next, requestAt: () => request, call, clock })
    }
  }
}

export const quorumStrategy: Strategy<typeof quorumOptions> = {
  options: quorumOptions,
  plan: (options, { clock }) => ({
    layer: quorum(options, clock),
    lines: options,
    goodStatus: anySuccess,
    passesAnyStatus: false,
    holdsAnswer: true,
    maxAnswerBytes: options.maxAnswer,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: false,
  }),
}
