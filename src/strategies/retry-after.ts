import { type HeaderPairs, headerValue } from '../core/headers.ts'

/** `Retry-After` in its form of whole seconds; the form of a date needs a wall clock, which targets seldom share. */
export function retryAfterMs(headers: HeaderPairs): number | undefined {
  const value = headerValue(headers, 'retry-after')
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined
}
