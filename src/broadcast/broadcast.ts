import type { Service } from '../core/service.ts'
import { anySuccess, type Strategy, type StrategyDeps } from '../strategies/strategy.ts'
import { broadcastOptions } from './options.ts'

export interface BroadcastDeps extends StrategyDeps {
  readonly routeName: string
  /** Takes the writes of a route: `delivering.ts`, in this thread or another. */
  readonly deliver: (route: string) => Service
}

/** A write that goes to every target. There is one place for that in the gateway, whichever thread took the write. */
export const broadcastStrategy: Strategy<typeof broadcastOptions, BroadcastDeps> = {
  options: broadcastOptions,
  plan: (options, { deliver, routeName }) => ({
    layer: function broadcastLayer() {
      return deliver(routeName)
    },
    lines: { ...options, retry: undefined },
    goodStatus: anySuccess,
    passesAnyStatus: false,
    holdsAnswer: true,
    maxAnswerBytes: options.maxAnswer,
    // To have the write sent again would not mend the answer.
    bodyMayFail: true,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: true,
  }),
}
