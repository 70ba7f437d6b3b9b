import { z } from 'zod'
import { headerName, path } from '../../kit/schema.ts'

// Line breaks in a value would let it write further fields.
const fieldValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'a header value on one line' })

export const headerRules = z.strictObject({
  set: z
    .record(headerName(), fieldValue)
    .prefault({})
    .describe(
      'Fields to set, in place of those of the same name, be they spelled with `-` or `_`: CGI, WSGI and PHP make one of both.',
    ),
  remove: z.array(headerName()).prefault([]).describe('Fields to take out, in either spelling too.'),
})

export const rewriteOptions = {
  path: path()
    .optional()
    .describe(
      'The path asked of the target; `:name` and `*` stand for what the route captured. Default: as it came. The query passes on.',
    ),
  headers: headerRules.optional().describe('What to change in the header that goes to the target.'),
}

const rewriteShape = z.strictObject(rewriteOptions)

export type RewriteOptions = z.output<typeof rewriteShape>
