import type { HeaderPairs } from '../../core/headers.ts'
import { HopByHop } from '../hop-by-hop.ts'

const hopByHop = new HopByHop(['x-request-id'])

/** What the parser gives, as text and without what belongs to the connection. */
export function responseHeaders(raw: readonly (Buffer | string)[]): HeaderPairs {
  const pairs: string[] = []
  for (const part of raw) pairs.push(typeof part === 'string' ? part : part.toString('latin1'))
  return hopByHop.remove(pairs)
}
