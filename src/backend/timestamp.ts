import type { Clock } from '../kit/clock.ts'

/**
 * Tells the time as `2015-10-17T19:31:37.889072`: UTC without a zone, always six digits. The wall clock gives whole
 * milliseconds, so it is read once, and what has passed since comes from the finer one.
 */
export function timestampsFrom(clock: Clock): () => string {
  const originMs = clock.wallNow() - clock.now()
  return () => isoMicroseconds(originMs + clock.now())
}

export function isoMicroseconds(wallMs: number): string {
  const wholeMs = Math.floor(wallMs)
  const microseconds = Math.floor((wallMs - wholeMs) * 1000)
  return `${new Date(wholeMs).toISOString().slice(0, 23)}${String(microseconds).padStart(3, '0')}`
}
