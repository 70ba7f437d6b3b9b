import { type Literal, literalsOf } from './literals.ts'

export interface LogCall {
  readonly line: number
  /** The strings and templates among the arguments, each as its parts between values; empty if a function builds the text. */
  readonly texts: readonly (readonly string[])[]
}

const logCall =
  /(?<![\w$.#])(?:(?!console\b|Math\b|function\b)[\w#]+\.)*(?:log(?:ger)?(?:\.(?:info|warn|error))?|onTrouble)\(/g
const levels = new Set(['info', 'warn', 'error'])

/** The calls in a source file that write to the program log: `log(...)`, `options.log(...)`, `log.warn(...)`. */
export function logCallsIn(source: string): readonly LogCall[] {
  const literals = literalsOf(source)
  const found: LogCall[] = []
  for (const match of source.matchAll(logCall)) {
    const start = match.index + match[0].length
    if (isWithin(match.index, literals) || isComment(source, match.index)) continue
    const end = endOfArguments(source, start, literals)
    const inside = literals.filter((literal) => literal.start >= start && literal.end <= end && !literal.isNested)
    found.push({
      line: source.slice(0, match.index).split('\n').length,
      texts: joined(inside, source).filter((parts) => !levels.has(parts.join(''))),
    })
  }
  return found
}

/** Literals joined by `+` are one text. */
function joined(literals: readonly Literal[], source: string): readonly (readonly string[])[] {
  const texts: string[][] = []
  let end = -1
  for (const literal of literals) {
    const last = texts.at(-1)
    if (last !== undefined && /^\s*\+\s*$/.test(source.slice(end, literal.start))) {
      last.push((last.pop() ?? '') + (literal.parts[0] ?? ''), ...literal.parts.slice(1))
    } else texts.push([...literal.parts])
    end = literal.end
  }
  return texts
}

function endOfArguments(source: string, start: number, literals: readonly Literal[]): number {
  let depth = 1
  let at = start
  while (at < source.length && depth > 0) {
    const literal = literals.find((one) => one.start === at)
    if (literal !== undefined) at = literal.end
    else {
      if (source[at] === '(') depth++
      if (source[at] === ')') depth--
      at++
    }
  }
  return at
}

function isWithin(index: number, literals: readonly Literal[]): boolean {
  return literals.some(({ start, end, isNested }) => !isNested && start < index && index < end)
}

function isComment(source: string, index: number): boolean {
  return /^\s*(?:\/?\*|\/\/)/.test(source.slice(source.lastIndexOf('\n', index) + 1, index))
}
