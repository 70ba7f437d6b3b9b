import { prosePatterns } from './patterns.ts'
import { proseOf } from './texts.ts'

export interface Finding {
  readonly file: string
  readonly line: number
  readonly phrase: string
  readonly instead: string
}

export function findingsIn(file: string, content: string): readonly Finding[] {
  // Tests name cases and feed text to the code; nobody reads their strings at work.
  const isProgram = /^(?:src|packages)\//.test(file) && !/\.test\.tsx?$|test-kit/.test(file)
  return proseOf(file, content).flatMap(({ line, text, isMessage = false }) =>
    prosePatterns
      .filter(({ onlyInMessages = false }) => !onlyInMessages || (isMessage && isProgram))
      .flatMap(({ found, instead }) =>
        [...text.matchAll(found)].map((match) => ({
          file,
          line: line + newlines(text.slice(0, startOf(match))),
          phrase: excerpt(text, match),
          instead,
        })),
      ),
  )
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}

/** Matches an opening together with the end of the previous sentence. */
function startOf(match: RegExpExecArray): number {
  return match.index + match[0].search(/\b\w/)
}

function excerpt(text: string, match: RegExpExecArray): string {
  const from = startOf(match)
  return text.slice(from, from + 48).replaceAll(/\s+/g, ' ')
}
