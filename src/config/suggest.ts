/** The name that was probably meant: a few typos away, whatever its case and separators. */
export function suggest(found: string, names: readonly string[]): string | undefined {
  const plainFound = plain(found)
  // A misspelt name of this length cannot be recognized, and the table below is quadratic.
  if (plainFound.length === 0 || plainFound.length > 64) return undefined
  let best: string | undefined
  // One typo in three letters; more would leave little of a short name.
  let bestDistance = Math.max(1, Math.floor(plainFound.length / 3)) + 1
  for (const name of names) {
    const plainName = plain(name)
    // One typo leaves nothing of a name of one letter.
    if (plainName.length < 2 && plainName !== plainFound) continue
    const distance = editDistance(plainFound, plainName)
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? at(beforePrevious, j - 2) + 1
          : Number.POSITIVE_INFINITY
      current.push(Math.min(at(previous, j) + 1, at(current, j - 1) + 1, replaced, swapped))
    }
    beforePrevious = previous
    previous = current
  }
  return at(previous, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '')
}
