import { text } from '../answer.ts'
import type { Resource } from '../resource.ts'

/** `/healthz`: it lives. `/readyz`: it takes calls, which ends when it drains. */
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
