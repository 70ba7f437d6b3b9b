import type { Clock } from '../../kit/clock.ts'

/**
 * ISO 8601 with milliseconds. The part up to the seconds is cached for a second: formatting all of it would cost as
 * much as the line.
 */
export function isoTime(clock: Clock): () => string {
  let second = Number.NaN
  let text = ''
  return () => {
    const ms = clock.wallNow()
    const now = Math.floor(ms / 1000)
    if (now !== second) {
      second = now
      text = new Date(now * 1000).toISOString().slice(0, 20)
    }
    return `${text}${String(Math.floor(ms) % 1000).padStart(3, '0')}Z`
  }
}
