import type { Call } from '../../core/call.ts'
import { failed } from '../../core/outcome.ts'
import type { Layer } from '../../core/service.ts'
import type { Rotation } from './rotation.ts'

/**
 * What would fail the same way at the same target (a certificate that is not trusted) may be sent again where there is
 * another one: then, and only then, retries and hedges hear that it is safe.
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

/** Whether a target is available whose last attempt in this call did not end so. */
function hasOther(rotation: Rotation, { attempts }: Call): boolean {
  return rotation.targets.some((target, place) => {
    const last = attempts.findLast((attempt) => attempt.target === target)
    return last?.outcome !== 'tls_error' && rotation.isAvailable(place)
  })
}
