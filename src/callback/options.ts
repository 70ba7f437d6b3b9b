import { z } from 'zod'
import { jsonPointerPattern } from '../kit/json-pointer.ts'
import { duration, headerName, path, shapes } from '../kit/schema.ts'
import { statusRange, successOptions } from '../layers/success/options.ts'
import { attemptOptions, heldOptions, upstreamName } from '../strategies/attempt-options.ts'

const header = "header:[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const query = 'query:[^\\s=&#]+'
const json = `json:${jsonPointerPattern.source.slice(1, -1)}`

function place(forms: readonly string[], expected: string) {
  return z
    .string({ error: expected })
    .regex(new RegExp(`^(?:${forms.join('|')})$`), { error: expected })
    .register(shapes, { shape: 'place', range: expected })
}

const sendOptions = z
  .strictObject({
    url: place([header, query, json], 'header:NAME, query:NAME or json:/POINTER')
      .optional()
      .describe('Where the backend finds the URL that it is to post its result to.'),
    id: place([header, query, json], 'header:NAME, query:NAME or json:/POINTER')
      .optional()
      .describe('Where the backend finds the id that it is to give with its result.'),
  })
  .refine(({ url, id }) => url !== undefined || id !== undefined, { error: '`url`, `id` or both' })

const receiveOptions = z.strictObject({
  path: path()
    .prefault('/_hedgerow/callbacks')
    .describe(
      'Where results are posted, on the front: a fixed path, with nothing percent-encoded. Routes may share it.',
    ),
  id: place(['url', header, json], 'url, header:NAME or json:/POINTER')
    .prefault('url')
    .describe('What tells whose result it is: the callback URL itself, or the id, in a header field or the JSON body.'),
  status: z
    .strictObject({
      header: headerName().describe('The header field of the callback that names the status.'),
      allow: z
        .array(statusRange)
        .min(1, { error: 'at least one status' })
        .describe('Statuses that it may name; for any other the client gets `UPSTREAM_INVALID`.'),
    })
    .optional()
    .describe("Lets the callback name the client's status. Default: 200."),
})

export const callbackOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    attemptTimeout: duration({ min: 1 })
      .prefault('10s')
      .describe('How long the backend may take to acknowledge; no longer than the deadline while the client waits.'),
    success: successOptions
      .prefault({})
      .describe('Which answers of the backend acknowledge the work. Default: any 2xx.'),
    send: sendOptions
      .prefault({ url: 'header:x-callback-url' })
      .describe(
        'How the backend learns where to, and for what, it gives its result. Default: `{ url: header:x-callback-url }`.',
      ),
    receive: receiveOptions.prefault({}).describe('How its result comes back.'),
    durable: z
      .boolean()
      .prefault(false)
      .describe('Whether late results are kept in the store, so that they outlive a restart. Default: in memory.'),
    ...heldOptions,
  })
  .refine(({ send, receive }) => receive.id === 'url' || send.id !== undefined, {
    error: 'where the id is to be put, as `receive.id` expects one',
    path: ['send', 'id'],
  })
  .refine(({ send, receive }) => receive.id !== 'url' || send.url !== undefined, {
    error: 'where the URL is to be put, as `receive.id` is `url`',
    path: ['send', 'url'],
  })
  .describe('A synchronous answer from an asynchronous backend: the client waits until the backend posts its result.')

export type CallbackOptions = z.output<typeof callbackOptions>
