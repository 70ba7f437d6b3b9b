import type { LegTally } from './leg-tally.ts'

/**
 * A request can be sent again only while a leg is pending, or dead and thus open to a replay. After that it is dropped:
 * it holds people's passwords, and most of the bytes.
 */
export function needsRequest({ pending, dead }: LegTally): boolean {
  return pending > 0 || dead > 0
}
