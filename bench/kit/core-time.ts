import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second. */
const ticksPerSecond = 100

/** Busy time of a core so far; microseconds. */
export function coreMicroseconds(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0] = line.split(' ').map(Number)
  return ((user + nice + system) / ticksPerSecond) * 1e6
}
