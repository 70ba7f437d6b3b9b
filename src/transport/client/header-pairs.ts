import type { Dispatcher } from 'undici'
import { type HeaderPairs, noHeaders } from '../../core/headers.ts'
import { HopByHop } from '../hop-by-hop.ts'

/** The gateway's own id stands on every answer, not the target's. */
const passing = new HopByHop(['x-request-id'])

/** A header or trailer as the parser gives it, made text, without what belongs to the connection. */
export function headerPairs(raw: Dispatcher.DispatchController['rawHeaders']): HeaderPairs {
  if (!Array.isArray(raw) || raw.length === 0) return noHeaders
  const pairs: string[] = []
  for (const part of raw) pairs.push(typeof part === 'string' ? part : part.toString('latin1'))
  return passing.remove(pairs)
}
