import type { Service } from '../core/service.ts'
import { anySuccess, type Strategy, type StrategyDeps } from '../strategies/strategy.ts'
import { broadcastOptions } from './options.ts'

export interface BroadcastDeps extends StrategyDeps {
  readonly routeName: string
  /** Takes the writes of a route: `delivering.ts`, in this thread or another. */
  readonly deliver: (route: string) => Service
}

/** Sends a write to every target. One thread of the gateway delivers all writes, whichever thread received them. */
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
    // Resending the write would not repair the answer.
    bodyMayFail: true,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: true,
  }),
}
