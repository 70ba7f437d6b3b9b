import type { TargetView } from '../../src/admin/api.ts'

/** Why an unhealthy target still gets calls; undefined if it is healthy or gets none. */
export function askedBecause({ available, out }: Pick<TargetView, 'available' | 'out'>): string | undefined {
  if (!available || out.length === 0) return undefined
  const isUnwell = out.some(({ why }) => why === 'ejected' || why === 'unhealthy')
  const isResting = out.some(({ why }) => why === 'resting')
  const reasons = [...(isUnwell ? ['too few are well'] : []), ...(isResting ? ['no other is left'] : [])]
  return reasons.join(', and ') || undefined
}
