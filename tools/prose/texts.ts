import { literalsOf } from './literals.ts'

/** A piece of prose: a comment, the name of a test, a message in a string, or a paragraph of a document. */
export interface Prose {
  readonly line: number
  readonly text: string
  /** A string of the program, with `_` for each value. */
  readonly isMessage?: boolean
}

const testName = /^\s*(?:void )?(?:it|describe|test)(?:\.\w+)?\(\s*(['"`])(.*?)\1/

/** The prose of a file, by its extension; nothing for other files. */
export function proseOf(file: string, content: string): readonly Prose[] {
  if (file.endsWith('.md')) return paragraphs(content)
  if (/\.tsx?$/.test(file)) return [...comments(content), ...testNames(content), ...messages(content)]
  if (/\.ya?ml$/.test(file)) return hashComments(content)
  return []
}

/** A run of comment lines is one text, so that a sentence may span several lines. */
function comments(content: string): readonly Prose[] {
  const found: Prose[] = []
  let lines: string[] = []
  let began = 0
  const finish = (): void => {
    if (lines.length > 0) found.push({ line: began, text: lines.join('\n') })
    lines = []
  }
  for (const [index, line] of content.split('\n').entries()) {
    const text = commentText(line)
    if (text === undefined) {
      finish()
      continue
    }
    if (lines.length === 0) {
      if (text === '') continue
      began = index + 1
    }
    lines.push(text)
    if (line.includes('*/')) finish()
  }
  finish()
  return found
}

function commentText(line: string): string | undefined {
  const block = /^\s*(?:\/\*\*?|\*(?!\/))\s?(.*?)\s*(?:\*\/)?\s*$/.exec(line)
  if (block !== null) return block[1]
  return /(?:^|\s)\/\/\s?(.*)$/.exec(line)?.[1]
}

function testNames(content: string): readonly Prose[] {
  return content.split('\n').flatMap((line, index) => {
    const text = testName.exec(line)?.[2]
    return text === undefined ? [] : [{ line: index + 1, text }]
  })
}

/** Strings of at least four words: log lines, errors, help texts, descriptions of options. */
function messages(content: string): readonly Prose[] {
  const named = new Set(testNames(content).map(({ line }) => line))
  return literalsOf(content).flatMap(({ start, parts }) => {
    const whole = parts.join('_')
    const text = whole.trim()
    const line = content.slice(0, start).split('\n').length
    const leading = whole.slice(0, whole.indexOf(text)).split('\n').length - 1
    return named.has(line) || !/\w(?:\W+\w+){3}/.test(text) ? [] : [{ line: line + leading, text, isMessage: true }]
  })
}

/** Removes code, links and table rules. */
function paragraphs(content: string): readonly Prose[] {
  const found: Prose[] = []
  let isCode = false
  for (const [index, line] of content.split('\n').entries()) {
    if (/^\s*```/.test(line)) isCode = !isCode
    else if (!isCode) {
      const cells = line.startsWith('|') ? line.split('|') : [line.replace(/^\s*(?:[-*>]|#+|\d+\.)\s+/, '')]
      for (const cell of cells) if (/[a-z]/.test(cell)) found.push({ line: index + 1, text: cell.trim() })
    }
  }
  return found
}

function hashComments(content: string): readonly Prose[] {
  return content.split('\n').flatMap((line, index) => {
    const text = /(?:^|\s)#\s(.*)$/.exec(line)?.[1]
    return text === undefined ? [] : [{ line: index + 1, text }]
  })
}
