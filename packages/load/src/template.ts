import { OptionError } from './option-error.ts'
import type { Random } from './random.ts'

/**
 * Text with placeholders, drawn for each request: `{500..1000}`, a whole number, both ends included; `{a|b|c}`, one
 * of these; `{uuid}`; `{n}`, the request's number, from 1. `{{text}}` stands for `{text}` itself.
 */
export interface Template {
  /** The text, if it is the same for every request. */
  readonly fixed: string | undefined
  readonly draw: (random: Random, number: number) => string
}

type Part = (random: Random, number: number) => string

export const placeholderForms = '{500..1000}, {a|b|c}, {uuid}, {n}, and {{text}} for {text} itself'

const braces = /\{\{([^{}]*)\}\}|\{([^{}]*)\}/g

export interface TemplateOptions {
  /** Keep braces that are no placeholder: a JSON body is full of them. Elsewhere they are an error. */
  readonly keepsOtherBraces?: boolean
  /** Encodes the drawn and literal text for where it is used. */
  readonly encode?: (text: string) => string
}

export function parseTemplate(text: string, options: TemplateOptions = {}): Template {
  const encode = options.encode ?? ((part: string) => part)
  const parts: (string | Part)[] = []
  const addText = (part: string): void => {
    if (options.keepsOtherBraces !== true && /[{}]/.test(part)) throw new OptionError(text, placeholderForms)
    parts.push(encode(part))
  }
  let end = 0
  for (const match of text.matchAll(braces)) {
    addText(text.slice(end, match.index))
    end = match.index + match[0].length
    const [whole, escaped, inside = ''] = match
    const part = escaped === undefined ? parsePlaceholder(inside) : undefined
    if (escaped !== undefined) parts.push(encode(`{${escaped}}`))
    else if (part !== undefined) parts.push((random, number) => encode(part(random, number)))
    else addText(whole)
  }
  addText(text.slice(end))
  return compile(parts)
}

function compile(parts: readonly (string | Part)[]): Template {
  if (parts.every((part) => typeof part === 'string')) {
    const fixed = parts.join('')
    return { fixed, draw: () => fixed }
  }
  const draw = (random: Random, number: number): string => {
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(random, number)
    return text
  }
  return { fixed: undefined, draw }
}

/** Undefined if it is not a placeholder. */
function parsePlaceholder(inside: string): Part | undefined {
  if (inside === 'n') return (_random, number) => String(number)
  if (inside === 'uuid') return uuid
  const range = /^(-?\d{1,15})\.\.(-?\d{1,15})$/.exec(inside)
  if (range !== null) return parseRange(Number(range[1]), Number(range[2]), inside)
  // With quotes or line ends it is a piece of JSON or code, not a choice.
  if (inside.includes('|') && !/["\r\n]/.test(inside)) {
    const choices = inside.split('|')
    return (random) => choices[Math.floor(random() * choices.length)] as string
  }
  return undefined
}

function parseRange(from: number, to: number, inside: string): Part {
  if (from > to)
    throw new OptionError(`{${inside}}`, `a range whose first number is not above its last, {${to}..${from}}`)
  const width = to - from + 1
  return (random) => String(from + Math.floor(random() * width))
}

/** A version 4 UUID (RFC 9562, 5.4), drawn from the run's own generator so that a seed repeats it. */
function uuid(random: Random): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
