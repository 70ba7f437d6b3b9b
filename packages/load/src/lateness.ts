import { parseDurationMs } from './duration.ts'
import { OptionError } from './option-error.ts'

/** After how many ms an answer to a request for this path counts as late; undefined: never. */
export type Lateness = (path: string) => number | undefined

/**
 * `1s`: the same for all requests. `query:timeout`: as many milliseconds as this query parameter of the request says.
 * `query:timeout+25ms`: 25 ms more, for the round trip.
 */
export function parseLateness(text: string): Lateness {
  const durationMs = parseDurationMs(text)
  if (durationMs !== undefined) return () => durationMs
  const match = /^query:([\w.~-]+)(?:\+(.+))?$/.exec(text)
  const graceMs = match?.[2] === undefined ? 0 : parseDurationMs(match[2])
  if (match === null || graceMs === undefined) {
    throw new OptionError(text, 'a duration such as 1s, or query:timeout or query:timeout+25ms')
  }
  const pattern = new RegExp(`[?&]${(match[1] as string).replaceAll('.', String.raw`\.`)}=(\\d+)(?:&|$)`)
  return (path) => {
    const found = pattern.exec(path)
    return found === null ? undefined : Number(found[1]) + graceMs
  }
}
