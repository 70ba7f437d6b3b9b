/** Names that a body may put between `{{` and `}}`. */
export const placeholders = [
  'latencyMs',
  'requestNumber',
  'name',
  'method',
  'path',
  'query',
  'reason',
  'uuid',
  'timestamp',
] as const

export type Placeholder = (typeof placeholders)[number]

type ValueOf = (placeholder: Placeholder) => string

interface Hole {
  readonly placeholder: Placeholder
  readonly inJson: boolean
}

/** A body with placeholders, parsed once, so that each answer only joins strings. */
export interface Template {
  /** The whole text, if no placeholders are left. */
  readonly constant: string | undefined
  uses(placeholder: Placeholder): boolean
  render(valueOf: ValueOf): string
}

const hole = /\{\{(\w+)\}\}/g
/** `"{{latencyMs}}"` as a whole JSON value, but not as a key: it becomes a bare number. */
const bareNumber = /"\{\{(latencyMs|requestNumber)\}\}"(?!:)/g

/** The placeholders of a body that do not exist. */
export function unknownPlaceholders(source: string): readonly string[] {
  const known: readonly string[] = placeholders
  return [...source.matchAll(hole)].map((match) => match[1] as string).filter((found) => !known.includes(found))
}

export function textTemplate(source: string, known: Partial<Record<Placeholder, string>>): Template {
  return new HoledTemplate(takeApart(source, hole, false), known)
}

export function jsonTemplate(value: unknown, known: Partial<Record<Placeholder, string>>): Template {
  const parts = takeApart(JSON.stringify(value), bareNumber, false)
  return new HoledTemplate(
    parts.flatMap((part) => (typeof part === 'string' ? takeApart(part, hole, true) : [part])),
    known,
  )
}

type Part = string | Hole

function takeApart(source: string, pattern: RegExp, inJson: boolean): readonly Part[] {
  const parts: Part[] = []
  let from = 0
  for (const match of source.matchAll(pattern)) {
    parts.push(source.slice(from, match.index), { placeholder: match[1] as Placeholder, inJson })
    from = match.index + match[0].length
  }
  parts.push(source.slice(from))
  return parts
}

class HoledTemplate implements Template {
  readonly constant: string | undefined
  readonly #parts: readonly Part[]

  constructor(parts: readonly Part[], known: Partial<Record<Placeholder, string>>) {
    const filled: Part[] = []
    for (const part of parts) {
      const value = typeof part === 'string' ? part : known[part.placeholder]
      const next = value === undefined ? part : typeof part === 'string' ? part : fill(part, value)
      const last = filled.at(-1)
      if (typeof next === 'string' && typeof last === 'string') filled[filled.length - 1] = last + next
      else filled.push(next)
    }
    this.#parts = filled
    const only = filled[0]
    this.constant = filled.length === 1 && typeof only === 'string' ? only : undefined
  }

  uses(placeholder: Placeholder): boolean {
    return this.#parts.some((part) => typeof part !== 'string' && part.placeholder === placeholder)
  }

  render(valueOf: ValueOf): string {
    let rendered = ''
    for (const part of this.#parts) rendered += typeof part === 'string' ? part : fill(part, valueOf(part.placeholder))
    return rendered
  }
}

function fill(part: Hole, value: string): string {
  return part.inJson ? JSON.stringify(value).slice(1, -1) : value
}
