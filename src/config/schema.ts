import { z } from 'zod'
import { sharedCallbackOptions } from '../callback/shared-options.ts'
import { duration, shapes } from '../kit/schema.ts'
import { concurrencyOptions } from '../layers/concurrency-limit/options.ts'
import { storeOptions } from '../store/options.ts'
import { metricsOptions, statusOptions } from '../telemetry/metrics/options.ts'
import { telemetryOptions } from '../telemetry/options.ts'
import { listenerOptions } from '../transport/server/options.ts'
import { upstreamOptions } from '../upstream/options.ts'
import { adminOptions } from './admin-schema.ts'
import { memoryOptions } from './memory.ts'
import { routeOptions } from './route-schema.ts'
import { workersOption } from './workers.ts'

/**
 * The one schema of a configuration. Each strategy's options are in its own folder; this file assembles them. Defaults,
 * descriptions, checks, the JSON Schema and `docs/reference` all come from here.
 */

export const network = 'an address or a network such as 10.0.0.0/8 or fd00::/8'

export const configSchema = z
  .strictObject({
    listen: listenerOptions.prefault({}),
    admin: adminOptions.optional(),
    upstreams: z
      .record(z.string().regex(/^[\w.-]+$/, { error: 'a name of letters, digits, _ . -' }), upstreamOptions)
      .prefault({})
      .describe('Upstreams by name.'),
    routes: z
      .array(routeOptions)
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
