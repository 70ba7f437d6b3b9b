import { z } from 'zod'
import { concurrencyOptions, priorityOption } from '../layers/concurrency-limit/options.ts'
import { extraLoadOption } from '../layers/extra-load-budget/options.ts'
import { rateLimitOptions } from '../layers/rate-limit/options.ts'
import { healthShape } from '../upstream/health/options.ts'
import { balanceOption, slowStartOption } from '../upstream/balance/options.ts'
import { failureCodes } from '../core/failure.ts'
import { duration, shapes, size, wholeNumber } from '../kit/schema.ts'
import { answerForms } from '../layers/timed-answer/timed-answer.ts'
import { deadlineOptions } from '../layers/deadline/options.ts'
import { metricsOptions, statusOptions } from '../telemetry/metrics/options.ts'
import { telemetryOptions } from '../telemetry/options.ts'
import { dnsOptions } from '../transport/client/dns-options.ts'
import { matchPattern } from './match.ts'
import { memoryOptions } from './memory.ts'
import { type StrategyName, strategies, strategyNames } from './strategies.ts'
import { workersOption } from './workers.ts'

/**
 * The one schema of a configuration. What belongs to a strategy stands in its own folder; this file puts it together.
 * Defaults, descriptions, checks, the JSON Schema and `docs/reference` all come from here.
 */

const port = wholeNumber({ min: 0, max: 65_535 })

const host = z
  .string({ error: 'a host name or address' })
  .min(1, { error: 'a host name or address' })
  .register(shapes, { shape: 'host name or address' })

const listen = z
  .strictObject({
    host: host
      .prefault('127.0.0.1')
      .describe('The address to listen on. `0.0.0.0` or `::` opens the gateway to other machines.'),
    port: port.prefault(8080).describe('0 takes any free port.'),
    maxConnections: wholeNumber({ min: 1, max: 1_000_000 })
      .prefault(20_000)
      .describe(
        'Client connections; further ones are closed at once. Each takes a file descriptor, and each call one more for its target: at the start you are warned if the process may not open as many.',
      ),
    headerSize: size().prefault('16KiB').describe("The largest request header; more gets 431. Node's default."),
    headerCount: wholeNumber({ min: 1, max: 2000 })
      .prefault(100)
      .describe("The most fields in a request header; more gets 431. Apache's default."),
    headerTimeout: duration({ min: 1 })
      .prefault('10s')
      .describe('How long a client may take to send its header; longer gets 408.'),
    requestTimeout: duration({ min: 1 })
      .prefault('5m')
      .describe("How long a client may take to send its whole request; longer gets 408. Node's default."),
    keepAlive: duration({ min: 1 }).prefault('60s').describe('How long an unused client connection is kept open.'),
  })
  .describe('Where clients connect, and what they may send.')

const admin = z
  .strictObject({
    host: host.prefault('127.0.0.1').describe('Beyond loopback a `token` is needed.'),
    port: port.prefault(9900).describe('0 takes any free port.'),
    token: z
      .string()
      .min(16, { error: 'at least 16 characters' })
      // No header could carry others: Node reads it as latin1 and cuts blanks off its ends.
      .regex(/^[\x21-\x7e]+$/, { error: 'only visible ASCII characters: letters, digits, punctuation, no blanks' })
      .optional()
      .describe(
        'Visible ASCII, no blanks. Who asks has to send `Authorization: Bearer TOKEN`. `/healthz` and `/readyz` need none.',
      ),
  })
  .describe(
    'Where operators connect: the dashboard at `/`, its API at `/api`, `/metrics`, `/healthz`, `/readyz`. Without this section there is none.',
  )

const targetUrl = z
  .string({ error: 'a URL such as http://127.0.0.1:9101' })
  .refine(isTargetUrl, {
    error: 'a URL such as http://127.0.0.1:9101: http or https, without user, query or fragment',
  })
  .register(shapes, { shape: 'URL', range: '`http:` or `https:`, without user, query or fragment' })

const target = z.union(
  [
    targetUrl.transform((url) => ({ url, weight: 1 })),
    z.strictObject({
      url: targetUrl.describe('Its base URL. What path it has goes before that of each request.'),
      weight: wholeNumber({ min: 1, max: 1000 })
        .prefault(1)
        .describe('Its share of the attempts, next to the weights of the others.'),
    }),
  ],
  { error: 'a URL such as http://127.0.0.1:9101 (http or https, without user, query or fragment), or { url, weight }' },
)

const atLeastOneTarget = { error: 'at least one target' }

const upstream = z
  .strictObject({
    targets: z
      .union(
        [
          z.array(target).min(1, atLeastOneTarget),
          z.record(z.string().min(1), target).refine((named) => Object.keys(named).length > 0, atLeastOneTarget),
        ],
        {
          error: 'a list of URLs, or URLs by name, at least one',
        },
      )
      .describe('The base URLs that do the same job. Unnamed ones are called by their host and port.'),
    balance: balanceOption,
    budget: extraLoadOption,
    slowStart: slowStartOption,
    ...healthShape,
    dns: dnsOptions,
    connectTimeout: duration({ min: 1 })
      .prefault('2s')
      .describe(
        'How long a connection may take to be made. 2 s are ours: a first packet that is lost is sent again after 1 s (RFC 6298), and that may happen once. Envoy has 5 s.',
      ),
    keepAlive: duration({ min: 1 })
      .prefault('4s')
      .describe(
        "How long an unused connection is kept; a target's own Keep-Alive hint goes before. Shorter than the 5 s of Node's servers, so that the target does not close it first.",
      ),
  })
  .describe('A named set of targets that do the same job.')

export const network = 'an address or a network such as 10.0.0.0/8 or fd00::/8'

const failureCode = z.enum(
  ['*', ...(Object.keys(failureCodes) as [keyof typeof failureCodes, ...(keyof typeof failureCodes)[]])],
  {
    error: 'a failure code, or * for all others',
  },
)

const failureStatus = wholeNumber({ min: 400, max: 599 })

const failureMapping = z.union(
  [
    failureStatus.transform((status) => ({ status, detail: undefined })),
    z.strictObject({
      status: failureStatus.optional().describe('Default: as the catalogue has it.'),
      detail: z.string().optional().describe('The text that the client gets.'),
    }),
  ],
  { error: 'a status from 400 to 599, or { status, detail }' },
)

const strategyOptions = Object.fromEntries(
  strategyNames.map((name) => [name, strategies[name].options.optional()]),
) as { readonly [Name in StrategyName]: z.ZodOptional<(typeof strategies)[Name]['options']> }

const route = z
  .strictObject({
    match: matchPattern,
    ...strategyOptions,
    deadline: deadlineOptions.prefault({}),
    rateLimit: rateLimitOptions.optional(),
    concurrency: concurrencyOptions.optional(),
    priority: priorityOption.prefault('normal'),
    answer: z
      .enum(answerForms, { error: '`pass` or `timed`' })
      .prefault('pass')
      .describe(
        '`pass`: the answer as it came. `timed`: `{"time": <whole ms>, "api": <the JSON of the answer>}`, for which the answer has to be JSON.',
      ),
    idleTimeout: duration()
      .prefault('30s')
      .describe('How long a streamed body may be silent, or the client take nothing of it. 0ms: for ever.'),
    failures: z
      .partialRecord(failureCode, failureMapping)
      .prefault({})
      .describe('Other statuses and texts for failures, by code; `*` stands for all codes that are not named.'),
    expose: z
      .enum(['attempts', 'none'], { error: '`attempts` or `none`' })
      .prefault('attempts')
      .describe('Whether a failure lists its attempts: target names, times and outcomes.'),
    explain: z.boolean().prefault(false).describe('Whether answers tell their attempts in `Server-Timing`.'),
  })
  .superRefine((value, context) => {
    const given = strategyNames.filter((name) => value[name] !== undefined)
    if (given.length === 1) return
    const message = `exactly one strategy: ${strategyNames.join(', ')}`
    // For `findings.ts`: what to call that which was found, and which keys would put it right.
    const params = { found: given.join(' and ') || 'none', wanted: given.length === 0 ? strategyNames : [] }
    context.addIssue({ code: 'custom', message, path: given.slice(1, 2), params })
  })
  .describe('What to do with the requests that match.')

const store = z
  .strictObject({
    path: z
      .string({ error: 'a path' })
      .min(1, { error: 'a path' })
      .prefault('hedgerow.db')
      .describe('The SQLite file; a relative path begins at the folder of the configuration. It is made on first use.'),
    retention: duration({ min: 1000 })
      .prefault('24h')
      .describe(
        'How long finished deliveries are kept, and with them the answers to their idempotency keys. Stripe keeps keys as long.',
      ),
    maxUndelivered: size()
      .prefault('256MiB')
      .describe(
        'Writes that are not delivered yet, altogether: request, header fields, and 1 KiB for each target; further ones get 503 `STORE_FULL`, as they do while the disk has no room. As much may be held in memory.',
      ),
  })
  .describe('Where broadcast writes are kept until every target has them, and results of durable callbacks.')

const secret = z.string().min(32, { error: 'at least 32 characters, such as `openssl rand -base64 32` gives' })

const callbacks = z
  .strictObject({
    url: targetUrl
      .transform((url) => url.replace(/\/+$/, ''))
      .optional()
      .describe(
        'The base URL by which backends reach the front. Default: `http://localhost` with the port of `listen`.',
      ),
    key: secret
      .optional()
      .describe(
        'The secret that callback URLs and tickets are signed with. Default: one that is made and kept in `keyFile`.',
      ),
    previousKeys: z
      .array(secret)
      .prefault([])
      .describe('Earlier values of `key`, whose callbacks and tickets are still accepted: after a change of the key.'),
    keyFile: z
      .string({ error: 'a path' })
      .min(1, { error: 'a path' })
      .prefault('hedgerow.key')
      .describe(
        'Where the key is kept where `key` gives none; a relative path begins at the folder of the configuration. It is made on first use, for its user alone.',
      ),
    keyRotation: duration({ min: 60_000 })
      .prefault('7d')
      .describe(
        'After that time another key is made in `keyFile`; the old one is accepted until its last callback has expired.',
      ),
    tickets: z
      .strictObject({
        keep: duration()
          .prefault('10m')
          .describe(
            'How long after the deadline a result may come, and how long it is kept then. 0ms: late results are dropped, and there are no tickets.',
          ),
        limit: wholeNumber({ min: 1, max: 1_000_000 })
          .prefault(100_000)
          .describe(
            'Tickets that clients hold, and results that are kept for them, at a time. Where there are as many, `respond-async` gets 503 `STORE_FULL`, and who waited in vain gets no ticket.',
          ),
        size: size()
          .prefault('64MiB')
          .describe('What results may come to, altogether; further ones get 503 `STORE_FULL`.'),
        fetch: z
          .enum(['many', 'once'], { error: '`many` or `once`' })
          .prefault('many')
          .describe('Whether a result can be fetched many times until it expires, or once.'),
      })
      .prefault({})
      .describe('Results that came when nobody was waiting any more.'),
  })
  .describe('What routes with `callback` share.')

export const configSchema = z
  .strictObject({
    listen: listen.prefault({}),
    admin: admin
      .refine((options) => isLoopback(options.host) || options.token !== undefined, {
        error: 'a token of at least 16 characters, as the host is not loopback',
        path: ['token'],
      })
      .optional(),
    upstreams: z
      .record(z.string().regex(/^[\w.-]+$/, { error: 'a name of letters, digits, _ . -' }), upstream)
      .prefault({})
      .describe('Upstreams by name.'),
    routes: z
      .array(route)
      .prefault([])
      .describe('The routes. A fixed path goes before a captured one, whatever their order.'),
    workers: workersOption.prefault(1),
    concurrency: concurrencyOptions
      .optional()
      .describe('The same for all calls of all routes together; `concurrency` of a route holds as well.'),
    trust: z
      .array(z.string({ error: network }).register(shapes, { shape: 'address or network' }))
      .prefault([])
      .describe(
        'Proxies in front of the gateway: addresses or networks such as 10.0.0.0/8. Only from these are `X-Forwarded-*` and `X-Request-Id` believed and passed on. Names with `_` for `-`, such as `X_Forwarded_For`, are dropped from all.',
      ),
    memory: memoryOptions.prefault({}),
    store: store.prefault({}),
    callbacks: callbacks.prefault({}),
    metrics: metricsOptions.prefault({}),
    status: statusOptions.optional(),
    telemetry: telemetryOptions.prefault({}),
    index: z.boolean().prefault(false).describe('Whether `GET /` lists the routes, unless a route has that path.'),
    drain: duration().prefault('30s').describe('How long calls in flight may take to end after SIGTERM.'),
  })
  .describe('A configuration of Hedgerow.')

export type ConfigInput = z.input<typeof configSchema>
export type Config = z.output<typeof configSchema>
export type RouteConfig = Config['routes'][number]
export type UpstreamConfig = Config['upstreams'][string]

/** The one strategy that it names. */
export function strategyOf(route: RouteConfig): StrategyName {
  const name = strategyNames.find((candidate) => route[candidate] !== undefined)
  if (name === undefined) throw new Error('a route without a strategy got past the schema')
  return name
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(?:\.\d{1,3}){3}$/.test(address)
}

function isTargetUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return (url.protocol === 'http:' || url.protocol === 'https:') && plain
}
