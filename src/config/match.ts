import { METHODS } from 'node:http'
import { z } from 'zod'

export interface Match {
  /** Undefined: all of them. */
  readonly methods: readonly string[] | undefined
  readonly path: string
}

const expected =
  'methods and a path, such as GET /api/users/:id, GET,POST /files/* or /any-method; :name captures one segment, a last * the rest'

/** `GET /api/users/:id`. */
export const matchPattern = z
  .string({ error: expected })
  .regex(/^(?:[A-Z-]+(?:,[A-Z-]+)* )?\/[^\s?#]*$/, { error: expected, abort: true })
  .transform(toMatch)
  .superRefine((match, context) => {
    const unknown = match.methods?.find((method) => !METHODS.includes(method))
    if (unknown !== undefined) context.addIssue({ code: 'custom', message: `known methods; ${unknown} is none` })
    if (/\*./.test(match.path)) context.addIssue({ code: 'custom', message: 'a * only at the end of the path' })
  })
  .describe('Methods (none: all) and a path pattern. `GET` also answers `HEAD`.')

export function matchText({ methods, path }: Match): string {
  return methods === undefined ? path : `${methods.join(',')} ${path}`
}

function toMatch(text: string): Match {
  const space = text.indexOf(' ')
  return { methods: space < 0 ? undefined : text.slice(0, space).split(','), path: text.slice(space + 1) }
}
