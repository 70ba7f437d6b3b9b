import type { Layer } from '../../core/service.ts'
import { anyButServerError, type Strategy } from '../strategy.ts'
import { forwardOptions } from './options.ts'

/** With `retry` the body is held, and this is how much of it where the route does not say. */
const defaultHeldBodyBytes = 1024 * 1024

/**
 * One attempt, whatever it comes to: what the target answered is the answer. All else that a forwarded call needs
 * (rewriting, retry, a balanced target) are layers of their own, so nothing is left to do here, and nothing is done.
 */
function forward(): Layer {
  return function forwardLayer(next) {
    return next
  }
}

export const forwardStrategy: Strategy<typeof forwardOptions> = {
  options: forwardOptions,
  plan: (options) => ({
    layer: forward(),
    lines: options,
    goodStatus: anyButServerError,
    passesAnyStatus: true,
    holdsAnswer: false,
    maxAnswerBytes: options.maxAnswer,
    maxHeldBodyBytes: options.bodyLimit ?? (options.retry === undefined ? undefined : defaultHeldBodyBytes),
    upgrades: true,
    choosesTargets: false,
  }),
}
