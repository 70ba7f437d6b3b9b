import type { Service } from '../../core/service.ts'
import type { Strategy, StrategyDeps } from '../../strategies/strategy.ts'
import type { StatusRange } from '../../strategies/success/options.ts'
import { broadcastOptions } from './options.ts'

export interface BroadcastDeps extends StrategyDeps {
  readonly routeName: string
  /** Takes the writes of a route: `delivering.ts`, in this thread or another. */
  readonly deliver: (route: string) => Service
}

const created: readonly StatusRange[] = [{ from: 201, to: 201 }]

/** A write that goes to every target. There is one place for that in the gateway, whichever thread took the write. */
export const broadcastStrategy: Strategy<typeof broadcastOptions, BroadcastDeps> = {
  options: broadcastOptions,
  plan: (options, { deliver, routeName }) => ({
    layer: function broadcastLayer() {
      return deliver(routeName)
    },
    lines: { ...options, retry: undefined },
    goodStatus: created,
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
