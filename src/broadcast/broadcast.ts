import type { Call } from '../core/call.ts'
import type { Outcome } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type AnswerPlan, anySuccess, type Strategy, type StrategyDeps } from '../strategies/strategy.ts'
import { type BroadcastOptions, broadcastOptions } from './options.ts'

export interface BroadcastDeps extends StrategyDeps {
  readonly routeName: string
  /** Takes a write of a route: `delivery-service.ts`, in this thread or another. */
  readonly deliver: (route: string, request: GatewayRequest, call: Call) => Promise<Outcome>
}

/** Sends a write to every target. One thread of the gateway delivers all writes, whichever thread received them. */
export const broadcastStrategy: Strategy<typeof broadcastOptions, BroadcastDeps> = {
  options: broadcastOptions,
  settings: ({ respond, attempts, order }) => {
    const ordered = order === undefined ? 'no order' : `order by ${order.by}`
    return `respond ${respond}, up to ${attempts} attempts at each target, ${ordered}`
  },
  plan: (options, { deliver, routeName }) => ({
    attempts: { kind: 'own', line: options, service: (request, call) => deliver(routeName, request, call) },
    goodStatus: anySuccess,
    answer: deliveryAnswer(options),
    body: { kind: 'held', maxBytes: options.bodyLimit },
  }),
}

/** Resending the write would not repair an answer whose body fails. */
export function deliveryAnswer({ maxAnswer }: BroadcastOptions): AnswerPlan {
  return { kind: 'held', statusSuffices: true, maxBytes: maxAnswer }
}
