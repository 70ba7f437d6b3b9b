import { z } from 'zod'
import { jsonPointerPattern } from '../kit/json-pointer.ts'
import { duration, headerName, path, shapes } from '../kit/schema.ts'
import { statusRange, successOptions } from '../layers/success/options.ts'
import { attemptOptions, heldOptions, upstreamName } from '../strategies/attempt-options.ts'

const header = "header:[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const query = 'query:[^\\s=&#]+'
const json = `json:${jsonPointerPattern.source.slice(1, -1)}`

function location(forms: readonly string[], expected: string) {
  return z
    .string({ error: expected })
    .regex(new RegExp(`^(?:${forms.join('|')})$`), { error: expected })
    .register(shapes, { shape: 'place', range: expected })
}

const sendOptions = z
  .strictObject({
    url: location([header, query, json], 'header:NAME, query:NAME or json:/POINTER')
      .optional()
      .describe('Where the request to the backend carries the callback URL.'),
    id: location([header, query, json], 'header:NAME, query:NAME or json:/POINTER')
      .optional()
      .describe('Where the request to the backend carries the id that must come back with the result.'),
  })
  .refine(({ url, id }) => url !== undefined || id !== undefined, { error: '`url`, `id` or both' })

const receiveOptions = z.strictObject({
  path: path()
    .prefault('/_hedgerow/callbacks')
    .describe(
      'Path on the front to which results are posted: fixed, with nothing percent-encoded. Routes may share it.',
    ),
  id: location(['url', header, json], 'url, header:NAME or json:/POINTER')
    .prefault('url')
    .describe(
      'Where a callback carries its token: in the callback URL itself, or as an id in a header field or the JSON body.',
    ),
  status: z
    .strictObject({
      header: headerName().describe('The header field of the callback that carries the status.'),
      allow: z
        .array(statusRange)
        .min(1, { error: 'at least one status' })
        .describe('Statuses that the callback may set; for any other the client gets `UPSTREAM_INVALID`.'),
    })
    .optional()
    .describe("Lets the callback set the client's status. Default: 200."),
})

export const callbackOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    attemptTimeout: duration({ min: 1 })
      .prefault('10s')
      .describe('How long the backend may take to acknowledge; at most the deadline while the client waits.'),
    success: successOptions.prefault({}).describe('Backend statuses that acknowledge the work. Default: any 2xx.'),
    send: sendOptions
      .prefault({ url: 'header:x-callback-url' })
      .describe('How the backend gets the callback URL or id. Default: `{ url: header:x-callback-url }`.'),
    receive: receiveOptions.prefault({}).describe('How results come back.'),
    durable: z
      .boolean()
      .prefault(false)
      .describe('Whether late results are kept in the store, to survive a restart. Default: in memory.'),
    ...heldOptions,
  })
  .refine(({ send, receive }) => receive.id === 'url' || send.id !== undefined, {
    error: 'where to put the id, because `receive.id` expects one',
    path: ['send', 'id'],
  })
  .refine(({ send, receive }) => receive.id !== 'url' || send.url !== undefined, {
    error: 'where to put the URL, because `receive.id` is `url`',
    path: ['send', 'url'],
  })
  .describe('A synchronous answer from an asynchronous backend: the client waits until the backend posts its result.')

export type CallbackOptions = z.output<typeof callbackOptions>
