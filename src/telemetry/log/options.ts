import { z } from 'zod'
import { headerName, share } from '../../kit/schema.ts'

export const logLevels = ['error', 'warn', 'info'] as const

export type LogLevel = (typeof logLevels)[number]

/** Parameters that carry credentials in OAuth, signed URLs and APIs with keys. */
const secretQueryKeys = [
  'access_token',
  'api_key',
  'apikey',
  'client_secret',
  'id_token',
  'password',
  'refresh_token',
  'secret',
  'sig',
  'signature',
  'token',
]

const queryKey = z.string({ error: 'the name of a query parameter' }).min(1, { error: 'the name of a query parameter' })

export const logOptions = z
  .strictObject({
    access: z.boolean().prefault(false).describe('Whether to log each call when it has ended.'),
    sample: share()
      .prefault('100%')
      .describe(
        'The share of good calls to log. Calls that failed because of a target or the gateway are always logged.',
      ),
    level: z
      .enum(logLevels, { error: '`info`, `warn` or `error`' })
      .prefault('info')
      .describe(
        'The lowest level to log. Calls are `info`; calls that failed because of a target or the gateway are `warn`; bugs in the gateway are `error`.',
      ),
    headers: z.array(headerName()).prefault([]).describe('Request headers to include in the access log.'),
    redact: z
      .strictObject({
        headers: z
          .array(headerName())
          .prefault([])
          .describe(
            'Headers whose values are hidden, in addition to `Authorization`, `Cookie`, `Set-Cookie` and `Proxy-Authorization`, which always are.',
          ),
        query: z
          .array(queryKey)
          .prefault([...secretQueryKeys])
          .describe(
            'Query parameters whose values are hidden, in any spelling, in addition to `callback`, which always is.',
          ),
      })
      .prefault({})
      .describe('Values shown as `***` in logs, in traces and on the dashboard.'),
  })
  .describe('The log: lines of JSON on standard error, or in the file of `--log-file`.')

export type LogOptions = z.output<typeof logOptions>
