import type { Target } from '../../core/attempt.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'

/**
 * Memory of one target of an upstream, independent of the other targets and their order. So a reload that adds or moves
 * targets forgets nothing about those that stay.
 */
export function memoryOfTarget(upstream: MemoryScope, { name, origin, basePath }: Target): MemoryScope {
  return upstream.scope(`target ${name} ${origin}${basePath}`)
}
