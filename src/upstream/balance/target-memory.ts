import type { Target } from '../../core/attempt.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'

/**
 * What is known of one target of an upstream, whichever others there are and in whatever order: so a reload that adds or
 * moves targets forgets nothing of those that stay.
 */
export function memoryOfTarget(upstream: MemoryScope, { name, origin, basePath }: Target): MemoryScope {
  return upstream.scope(`target ${name} ${origin}${basePath}`)
}
