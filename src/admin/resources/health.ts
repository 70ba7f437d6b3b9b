import { text } from '../answer.ts'
import type { Resource } from '../resource.ts'

/** `/healthz`: liveness probe. `/readyz`: readiness probe, which fails while draining. */
export function healthResources(isReady: () => boolean): readonly Resource[] {
  return [
    { path: '/healthz', isPublic: true, methods: { GET: () => text(200, 'ok') } },
    {
      path: '/readyz',
      isPublic: true,
      methods: { GET: () => (isReady() ? text(200, 'ready') : text(503, 'draining')) },
    },
  ]
}
