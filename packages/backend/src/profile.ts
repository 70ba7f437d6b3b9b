import * as z from 'zod'
import { numberFrom, objectOf, reasonsOf, share, text, wholeFrom } from './allowed.ts'
import { latencySchema } from './latency.ts'
import { placeholders, unknownPlaceholders } from './template.ts'

/**
 * The behaviour of a simulated backend: JSON that can be displayed, patched at run time, and stored beside a test.
 * Defaults are harmless, so `{ "endpoints": { "GET /x": {} } }` answers 200 at once, for ever.
 */

const header = text('a header value without line breaks', /^[\t\x20-\x7e\x80-\xff]*$/)

const templateText = z
  .string({ error: 'a text' })
  .refine(holesAreKnown, { error: `a text with placeholders among ${placeholders.join(', ')}` })

const templateJson = z.json({ error: 'any JSON' }).refine((value) => holesAreKnown(JSON.stringify(value)), {
  error: `JSON with placeholders among ${placeholders.join(', ')}`,
})

/**
 * Either a text or any JSON, with placeholders: `{ "json": { "time": "{{latencyMs}}" } }`. A JSON string that consists
 * only of `{{latencyMs}}` or `{{requestNumber}}` becomes a number.
 */
const bodySchema = objectOf({
  json: templateJson.optional(),
  text: templateText.optional(),
  contentType: header.optional(),
})
  .refine((body) => (body.json === undefined) !== (body.text === undefined), { error: 'exactly one of json, text' })
  .readonly()

/** Shares of all requests (0.02 is 2 %). A request meets at most one fault. */
const faultsSchema = objectOf({
  /** 200 in time with the JSON content type, but a body that is not JSON. */
  notJson: share().default(0),
  /** The connection is reset when the answer is due. */
  resetBeforeHead: share().default(0),
  /** Head and half of the body, then a reset. */
  resetMidBody: share().default(0),
  /** The request is read, but never answered. */
  hangAfterAccept: share().default(0),
  /** The head is sent when it is due, but no byte of the body. */
  hangAfterHead: share().default(0),
})
  .refine((faults) => Object.values(faults).reduce((sum, part) => sum + part, 0) <= 1 + 1e-9, {
    error: 'shares whose sum is at most 1',
  })
  .readonly()

const slowBodySchema = objectOf({
  share: share(),
  /** From the first piece, which goes out with the head, to the last. */
  spreadMs: numberFrom(0, 86_400_000),
  /** A body with fewer bytes is sent byte by byte. */
  chunks: wholeFrom(2, 10_000),
}).readonly()

const statusMixSchema = z
  .record(text('a status from 200 to 599', /^[2-5]\d\d$/), numberFrom(0, 1e9), { error: 'weights by status' })
  .refine((mix) => Object.values(mix).some((weight) => weight > 0), { error: 'a weight above 0 for some status' })
  .readonly()

/** The work is done later; its result goes to `x-callback-url`, else `callback_url` of the query, else `defaultUrl`. */
const callbackSchema = objectOf({
  defaultUrl: text('a URL that begins with http://', /^http:\/\/[^\s/]/).refine((url) => URL.canParse(url), {
    error: 'a URL that begins with http://',
  }),
  /** Repeats until a 2xx. */
  repeatEveryMs: numberFrom(1, 86_400_000).default(10_000),
  body: bodySchema,
}).readonly()

const endpointSchema = objectOf({
  latency: latencySchema.default({ kind: 'fixed', ms: 0 }),
  /** Weights, with any sum, among the requests that meet no fault. */
  status: statusMixSchema.default({ '200': 1 }),
  /** The body of a 2xx. */
  body: bodySchema.default({ text: 'ok' }),
  /** The body of any other status. */
  errorBody: bodySchema.default({ json: { error: '{{reason}}' } }),
  /** Further headers of every answer (`retry-after`, `location`). */
  headers: z
    .record(text('a header name', /^[\w!#$%&'*+.^`|~-]+$/), header, { error: 'header values by name' })
    .readonly()
    .default({}),
  faults: faultsSchema.prefault({}),
  slowBody: slowBodySchema.optional(),
  callback: callbackSchema.optional(),
}).readonly()

/** Counted over all endpoints, from the first request or the last change of these numbers. */
const skipSchema = objectOf({
  every: wholeFrom(1, 1e9),
  status: wholeFrom(200, 599),
  /** Undefined: all methods. */
  methods: z
    .array(text('a method in capitals', /^[A-Z]+$/), { error: 'a list of methods' })
    .min(1, { error: 'at least one method' })
    .readonly()
    .optional(),
}).readonly()

export const profileSchema = objectOf({
  /** No listener, and no connection: `true` until it is patched, `{ "forMs": 2000 }` for that long. */
  refuse: z
    .union([z.boolean(), objectOf({ forMs: numberFrom(1, 86_400_000) }).readonly()], {
      error: 'true, false or { "forMs": a number from 1 to 86400000 }',
    })
    .default(false),
  /** Every k-th request is answered with this status instead. */
  skip: skipSchema.optional(),
  /** By method and path, `GET /api/work`; a path that ends in `*` matches all paths with that prefix; longest first. */
  endpoints: z
    .record(text('a method and a path, as in GET /api/work', /^[A-Z]+ \/[^\s?#*]*\*?$/), endpointSchema, {
      error: 'endpoints by method and path',
    })
    .readonly(),
}).readonly()

export type Profile = z.output<typeof profileSchema>
export type ProfileInput = z.input<typeof profileSchema>
export type EndpointProfile = z.output<typeof endpointSchema>
export type EndpointInput = z.input<typeof endpointSchema>
export type Body = z.output<typeof bodySchema>
export type Faults = z.output<typeof faultsSchema>

export class ProfileError extends Error {
  /** One per error: its path, the value found, and what is allowed. */
  readonly reasons: readonly string[]

  constructor(reasons: readonly string[]) {
    super(`The profile is invalid:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`)
    this.name = 'ProfileError'
    this.reasons = reasons
  }
}

/** Checks the whole profile and fills in defaults; throws a `ProfileError` that lists every error. */
export function parseProfile(input: unknown): Profile {
  const result = profileSchema.safeParse(input)
  if (!result.success) throw new ProfileError(reasonsOf(result.error, input))
  return result.data
}

function holesAreKnown(source: string): boolean {
  return unknownPlaceholders(source).length === 0
}
