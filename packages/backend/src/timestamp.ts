import type { Clock } from './clock.ts'

/**
 * The time as `2015-10-17T19:31:37.889072`: UTC without a zone, always six digits. The wall clock has whole
 * milliseconds, so it is read once, and the time since then comes from the finer clock.
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
