import { deliveryAnswer } from '../../broadcast/broadcast.ts'
import type { Deliveries } from '../../broadcast/deliveries.ts'
import { type Delivering, delivering } from '../../broadcast/delivery-service.ts'
import type { BroadcastOptions } from '../../broadcast/options.ts'
import type { DeliveryStore } from '../../store/delivery-store.ts'
import { anySuccess } from '../../strategies/strategy.ts'
import { type AttemptStackDeps, targetStack } from './attempt-stack.ts'

export interface DeliveryStackDeps extends Omit<AttemptStackDeps, 'timed' | 'patienceMs'> {
  readonly newId: () => string
  readonly deliveries: Deliveries
  readonly store: DeliveryStore
}

/** The remaining layers for a broadcast route's writes; deliveries run in the main thread only. */
export function deliveryStack(routeName: string, options: BroadcastOptions, deps: DeliveryStackDeps): Delivering {
  const facts = { goodStatus: anySuccess, answer: deliveryAnswer(options) }
  const send = targetStack(options, facts, { ...deps, timed: false, patienceMs: 0 })
  return delivering(options, { ...deps, routeName, targets: deps.upstream(options.upstream).targets, send })
}
