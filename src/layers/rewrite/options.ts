import { z } from 'zod'
import { headerName, path } from '../../kit/schema.ts'

// Line breaks in a value could inject further fields.
const fieldValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'a header value on one line' })

export const headerRules = z.strictObject({
  set: z
    .record(headerName(), fieldValue)
    .prefault({})
    .describe(
      'Fields to set. They replace fields of the same name, spelled with `-` or `_`: CGI, WSGI and PHP do not distinguish them.',
    ),
  remove: z.array(headerName()).prefault([]).describe('Fields to remove, in either spelling.'),
})

export const rewriteOptions = {
  path: path()
    .optional()
    .describe(
      "The path sent to the target; `:name` and `*` stand for the route's captures. Default: unchanged. The query is always passed on.",
    ),
  headers: headerRules.optional().describe('Changes to the request header sent to the target.'),
}

const rewriteShape = z.strictObject(rewriteOptions)

export type RewriteOptions = z.output<typeof rewriteShape>

/** In plain words, for `hedgerow check --explain`. */
export function rewriteText({ path: to, headers }: RewriteOptions): string {
  const set = Object.keys(headers?.set ?? {})
  const remove = headers?.remove ?? []
  const parts = [
    to === undefined ? '' : `path ${to}`,
    // Values may be secrets.
    set.length === 0 ? '' : `sets ${set.join(', ')}`,
    remove.length === 0 ? '' : `removes ${remove.join(', ')}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}
