import { z } from 'zod'
import { http } from '../kit/node-http.ts'
import { shapes } from '../kit/schema.ts'
import type { RouteMatch } from '../transport/server/route-handler.ts'

const expected =
  'methods and a path, such as GET /api/users/:id, GET,POST /files/* or /any-method (:name captures one segment, a last * the rest)'

/** `GET /api/users/:id`. */
export const matchPattern = z
  .string({ error: expected })
  .regex(/^(?:[A-Z-]+(?:,[A-Z-]+)* )?\/[^\s?#]*$/, { error: expected, abort: true })
  .transform(toMatch)
  .superRefine((match, context) => {
    for (const message of [methodProblem(match.methods ?? []), pathProblem(match.path)]) {
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    }
  })
  .register(shapes, { shape: 'methods and path' })
  .describe('Methods (all if omitted) and a path pattern. `GET` also answers `HEAD`.')

export function matchText({ methods, path }: RouteMatch): string {
  return methods === undefined ? path : `${methods.join(',')} ${path}`
}

/** Says which methods are allowed, if these are not. */
function methodProblem(methods: readonly string[]): string | undefined {
  const unknown = methods.find((method) => !http.METHODS.includes(method))
  if (unknown !== undefined) return `HTTP methods (Node does not know ${unknown})`
  // Node emits CONNECT apart from requests; it asks for a tunnel, which no strategy provides.
  if (methods.includes('CONNECT')) return 'HTTP methods without CONNECT, which never reaches a route'
  return new Set(methods).size < methods.length ? 'each method once' : undefined
}

/** The router gives `:` and `*` within a segment further meanings, which no one intends here. */
function pathProblem(path: string): string | undefined {
  if (/\*./.test(path)) return 'a * only at the end of the path'
  const segments = path.split('/')
  if (segments.some((segment) => segment.includes(':') && !/^:[A-Za-z_]\w*$/.test(segment))) {
    return 'a : only before the name of a capture that is a whole segment, such as /:id/'
  }
  const captures = segments.filter((segment) => segment.startsWith(':'))
  return new Set(captures).size < captures.length ? 'each capture once' : undefined
}

function toMatch(text: string): RouteMatch {
  const space = text.indexOf(' ')
  return { methods: space < 0 ? undefined : text.slice(0, space).split(','), path: text.slice(space + 1) }
}
