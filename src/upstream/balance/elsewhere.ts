import type { Call } from '../../core/call.ts'
import { failed } from '../../core/outcome.ts'
import type { Layer } from '../../core/service.ts'
import type { Rotation } from './rotation.ts'

/**
 * A failure that the same target would repeat (such as an untrusted certificate) may be retried at another target. Only
 * while another one is available does this layer report the failure to retries and hedges as safe.
 */
export function elsewhere(rotation: Rotation): Layer {
  return function elsewhereLayer(next) {
    return async (request, call) => {
      const outcome = await next(request, call)
      if (outcome.ok || outcome.failure.code !== 'UPSTREAM_TLS' || !hasOther(rotation, call)) return outcome
      return failed({ ...outcome.failure, retry: 'safe' })
    }
  }
}

/** Whether a target is available whose last attempt in this call did not fail this way. */
function hasOther(rotation: Rotation, { attempts }: Call): boolean {
  return rotation.targets.some((target, index) => {
    const last = attempts.findLast((attempt) => attempt.target === target)
    return last?.outcome !== 'tls_error' && rotation.isAvailable(index)
  })
}
