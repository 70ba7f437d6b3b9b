import type { Call } from '../core/call.ts'
import type { Outcome } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { anySuccess, type Strategy, type StrategyDeps } from '../strategies/strategy.ts'
import { broadcastOptions } from './options.ts'

export interface BroadcastDeps extends StrategyDeps {
  readonly routeName: string
  /** Takes a write of a route: `delivering.ts`, in this thread or another. */
  readonly deliver: (route: string, request: GatewayRequest, call: Call) => Promise<Outcome>
}

/** Sends a write to every target. One thread of the gateway delivers all writes, whichever thread received them. */
export const broadcastStrategy: Strategy<typeof broadcastOptions, BroadcastDeps> = {
  options: broadcastOptions,
  plan: (options, { deliver, routeName }) => ({
    layer: function broadcastLayer() {
      return (request, call) => deliver(routeName, request, call)
    },
    lines: { ...options, retry: undefined },
    goodStatus: anySuccess,
    passesAnyStatus: false,
    holdsAnswer: true,
    maxAnswerBytes: options.maxAnswer,
    // Resending the write would not repair the answer.
    bodyMayFail: true,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: true,
  }),
}
