import type { Layer } from '../core/service.ts'

/**
 * Sends GET instead of the client's HEAD if the answer's body has to be judged, compared or merged. The client gets the
 * head that GET would have given.
 */
export function headAsGet(): Layer {
  return function headAsGetLayer(next) {
    return (request, call) => next(request.method === 'HEAD' ? { ...request, method: 'GET' } : request, call)
  }
}
