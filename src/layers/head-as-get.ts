import type { Layer } from '../core/service.ts'

/**
 * Asks with GET for a client that asked with HEAD, where the answer's body has to be judged, compared or merged. The
 * client gets the head of what GET would have given.
 */
export function headAsGet(): Layer {
  return function headAsGetLayer(next) {
    return (request, call) => next(request.method === 'HEAD' ? { ...request, method: 'GET' } : request, call)
  }
}
