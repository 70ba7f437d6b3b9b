import type { z } from 'zod'
import type { Layer } from '../../core/service.ts'
import { anyButServerError, type BodyPlan, type Strategy } from '../strategy.ts'
import { forwardOptions } from './options.ts'

/** `retry` holds the body, up to this size unless the route sets a limit. */
const defaultHeldBodyBytes = 1024 * 1024

/**
 * One attempt, and the target's answer is the answer. Everything else that a forwarded call needs (rewriting, retry, a
 * balanced target) is a separate layer, so this one has nothing to do.
 */
function forward(): Layer {
  return function forwardLayer(next) {
    return next
  }
}

export const forwardStrategy: Strategy<typeof forwardOptions> = {
  options: forwardOptions,
  settings: () => 'one attempt',
  plan: (options) => ({
    attempts: { kind: 'line', line: options, layer: forward() },
    goodStatus: anyButServerError,
    answer: { kind: 'passed', upgrades: true, maxBytes: options.maxAnswer },
    body: bodyPlan(options),
  }),
}

function bodyPlan({ bodyLimit, retry }: z.output<typeof forwardOptions>): BodyPlan {
  if (bodyLimit === undefined && retry === undefined) return { kind: 'streamed' }
  return { kind: 'held', maxBytes: bodyLimit ?? defaultHeldBodyBytes }
}
