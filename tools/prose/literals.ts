/** A string or template in source code. */
export interface Literal {
  /** Offsets of the quotes. */
  readonly start: number
  readonly end: number
  /** The text between expressions, with escapes resolved: one part for a string, one more than expressions otherwise. */
  readonly parts: readonly string[]
  /** Whether it is in an expression of another template. */
  readonly isNested: boolean
}

/** All strings and templates of a TypeScript file, in the order of their starts. Comments and regexes are skipped. */
export function literalsOf(source: string): readonly Literal[] {
  const found: Literal[] = []
  scanCode(source, 0, false, found)
  return found.sort((a, b) => a.start - b.start)
}

/** Scans to the end of the file, or of the template expression, and returns the offset behind it. */
function scanCode(source: string, from: number, isNested: boolean, found: Literal[]): number {
  let depth = 0
  let at = from
  let before = ''
  while (at < source.length) {
    const char = source.charAt(at)
    if (source.startsWith('//', at)) at = endOf(source.indexOf('\n', at), source)
    else if (source.startsWith('/*', at)) at = endOf(source.indexOf('*/', at + 2), source) + 2
    else if (char === '/' && isRegexAfter(before)) {
      at = skipRegex(source, at)
      before = '/'
    } else if (char === "'" || char === '"' || char === '`') {
      at = scanLiteral(source, at, isNested, found)
      before = char
    } else {
      if (char === '{') depth++
      if (char === '}' && depth-- === 0 && isNested) return at + 1
      if (!/\s/.test(char)) before = /\w/.test(char) && /\w/.test(source.charAt(at - 1)) ? before + char : char
      at++
    }
  }
  return at
}

function scanLiteral(source: string, start: number, isNested: boolean, found: Literal[]): number {
  const quote = source.charAt(start)
  const parts: string[] = []
  let text = ''
  let at = start + 1
  while (at < source.length && source.charAt(at) !== quote) {
    if (source.charAt(at) === '\\') {
      const escaped = source.charAt(at + 1)
      text += escaped === 'n' ? '\n' : escaped
      at += 2
    } else if (quote === '`' && source.startsWith('${', at)) {
      parts.push(text)
      text = ''
      at = scanCode(source, at + 2, true, found)
    } else {
      text += source.charAt(at)
      at++
    }
  }
  parts.push(text)
  found.push({ start, end: at + 1, parts, isNested })
  return at + 1
}

/** A slash divides after a value; elsewhere it begins a regex. */
function isRegexAfter(before: string): boolean {
  return before === '' || /^(?:return|case|typeof|[^\w)\]}'"`/])$/.test(before)
}

function skipRegex(source: string, start: number): number {
  let inClass = false
  let at = start + 1
  for (; at < source.length; at++) {
    const char = source.charAt(at)
    if (char === '\\') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '\n' || (char === '/' && !inClass)) break
  }
  return at + 1
}

function endOf(index: number, source: string): number {
  return index === -1 ? source.length : index
}
