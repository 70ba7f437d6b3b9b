import type { SourceLocation } from './diagnostic.ts'

/** Line and column of any offset in a text. The LineCounter of `yaml` misses line breaks in some invalid files. */
export function locationsIn(text: string): (offset: number) => SourceLocation {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: Math.max(0, offset - (starts[low] as number)) + 1 }
  }
}
