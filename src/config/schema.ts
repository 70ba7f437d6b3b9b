import { z } from 'zod'
import { sharedCallbackOptions } from '../callback/shared-options.ts'
import { failureCodes } from '../core/failure.ts'
import { host, isLoopback, port } from '../kit/address-schema.ts'
import { duration, shapes, wholeNumber } from '../kit/schema.ts'
import { concurrencyOptions, priorityOption } from '../layers/concurrency-limit/options.ts'
import { deadlineOptions } from '../layers/deadline/options.ts'
import { answerForms } from '../layers/timed-answer/timed-answer.ts'
import { storeOptions } from '../store/options.ts'
import { metricsOptions, statusOptions } from '../telemetry/metrics/options.ts'
import { telemetryOptions } from '../telemetry/options.ts'
import { listenerOptions } from '../transport/server/options.ts'
import { upstreamOptions } from '../upstream/options.ts'
import { matchPattern } from './match.ts'
import { memoryOptions } from './memory.ts'
import { layerKeys } from './registry.ts'
import { checkOneStrategy, strategyKeys, withStrategy } from './route-strategy.ts'
import { workersOption } from './workers.ts'

/**
 * The one schema of a configuration. Each strategy's options are in its own folder; this file assembles them. Defaults,
 * descriptions, checks, the JSON Schema and `docs/reference` all come from here.
 */

const admin = z
  .strictObject({
    host: host.prefault('127.0.0.1').describe('Beyond loopback a `token` is required.'),
    port: port.prefault(9900).describe('0 picks any free port.'),
    token: z
      .string()
      .min(16, { error: 'at least 16 characters' })
      // No header could carry others: Node reads it as latin1 and trims blanks from its ends.
      .regex(/^[\x21-\x7e]+$/, { error: 'only visible ASCII characters: letters, digits, punctuation, no spaces' })
      .optional()
      .describe(
        'Visible ASCII, no blanks. Clients must send `Authorization: Bearer TOKEN`. `/healthz` and `/readyz` need no token.',
      ),
  })
  .describe(
    'Where operators connect: the dashboard at `/`, its API at `/api`, `/metrics`, `/healthz`, `/readyz`. Omit to disable it.',
  )

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
      status: failureStatus.optional().describe('Default: the status in the catalogue.'),
      detail: z.string().optional().describe('The text sent to the client.'),
    }),
  ],
  { error: 'a status from 400 to 599, or { status, detail }' },
)

const route = z
  .strictObject({
    match: matchPattern,
    ...strategyKeys,
    deadline: deadlineOptions.prefault({}),
    ...layerKeys,
    concurrency: concurrencyOptions.optional(),
    priority: priorityOption.prefault('normal'),
    answer: z
      .enum(answerForms, { error: '`pass` or `timed`' })
      .prefault('pass')
      .describe(
        '`pass`: the answer unchanged. `timed`: `{"time": <whole ms>, "api": <the JSON of the answer>}`; the answer must be JSON.',
      ),
    idleTimeout: duration()
      .prefault('30s')
      .describe('How long a streamed body may be silent, or the client read nothing of it. 0ms: no limit.'),
    failures: z
      .partialRecord(failureCode, failureMapping)
      .prefault({})
      .describe('Other statuses and texts for failures, by code; `*` stands for all codes not named.'),
    expose: z
      .enum(['attempts', 'none'], { error: '`attempts` or `none`' })
      .prefault('attempts')
      .describe('Whether a failure lists its attempts: target names, times and outcomes.'),
    explain: z.boolean().prefault(false).describe('Whether answers list their attempts in `Server-Timing`.'),
  })
  .superRefine(checkOneStrategy)
  .transform(withStrategy)
  .describe('How to handle the requests that match.')

export const configSchema = z
  .strictObject({
    listen: listenerOptions.prefault({}),
    admin: admin
      .refine((options) => isLoopback(options.host) || options.token !== undefined, {
        error: 'a token of at least 16 characters, as the host is not loopback',
        path: ['token'],
      })
      .optional(),
    upstreams: z
      .record(z.string().regex(/^[\w.-]+$/, { error: 'a name of letters, digits, _ . -' }), upstreamOptions)
      .prefault({})
      .describe('Upstreams by name.'),
    routes: z
      .array(route)
      .prefault([])
      .describe('The routes. A fixed path takes precedence over a captured one, whatever their order.'),
    workers: workersOption.prefault(1),
    concurrency: concurrencyOptions
      .optional()
      .describe('The same limit for all calls of all routes combined; `concurrency` of a route applies as well.'),
    trust: z
      .array(z.string({ error: network }).register(shapes, { shape: 'address or network' }))
      .prefault([])
      .describe(
        'Proxies in front of the gateway: addresses or networks such as 10.0.0.0/8. Only from these are `X-Forwarded-*` and `X-Request-Id` trusted and passed on. Names with `_` for `-`, such as `X_Forwarded_For`, are always dropped.',
      ),
    memory: memoryOptions.prefault({}),
    store: storeOptions.prefault({}),
    callbacks: sharedCallbackOptions.prefault({}),
    metrics: metricsOptions.prefault({}),
    status: statusOptions.optional(),
    telemetry: telemetryOptions.prefault({}),
    index: z.boolean().prefault(false).describe('Whether `GET /` lists the routes, unless a route has that path.'),
    drain: duration().prefault('30s').describe('How long calls in flight may take to finish after SIGTERM.'),
  })
  .describe('A configuration of Hedgerow.')

export type ConfigInput = z.input<typeof configSchema>
export type Config = z.output<typeof configSchema>
export type RouteConfig = Config['routes'][number]
