import type { Target } from '../core/attempt.ts'
import { failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import type { Layer } from '../core/service.ts'
import type { Balancer } from './balancer.ts'

/** Chooses a target and begins an attempt at it: from here inwards the request has an attempt. */
export function balance(balancer: Balancer, upstream: string): Layer {
  return function balanceLayer(next) {
    return (request, call) => {
      const { attempts } = call
      const lastTried = (target: Target): number =>
        attempts.findLast((attempt) => attempt.target === target)?.number ?? 0
      const target = balancer.pick(lastTried)
      if (target === undefined) {
        return Promise.resolve(failed(failure('NO_TARGET', `The upstream ${upstream} has no target`)))
      }
      return next({ ...request, attempt: call.begin(target) }, call)
    }
  }
}
