import { z } from 'zod'
import { headerName, share } from '../../kit/schema.ts'

export const logLevels = ['error', 'warn', 'info'] as const

export type LogLevel = (typeof logLevels)[number]

/** What opens something by the habits of OAuth, signed URLs and APIs with keys. */
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
    access: z.boolean().prefault(false).describe('Whether each call gets a line when it has ended.'),
    sample: share()
      .prefault('100%')
      .describe(
        'The share of good calls that get one. Calls that failed by the fault of a target or the gateway always do.',
      ),
    level: z
      .enum(logLevels, { error: '`info`, `warn` or `error`' })
      .prefault('info')
      .describe(
        'The least that is told. Calls are `info`; those that failed by a target or the gateway `warn`; faults of the gateway `error`.',
      ),
    headers: z.array(headerName()).prefault([]).describe('Fields of the request that the line of a call tells too.'),
    redact: z
      .strictObject({
        headers: z
          .array(headerName())
          .prefault([])
          .describe(
            'Fields whose values are hidden, besides `Authorization`, `Cookie`, `Set-Cookie` and `Proxy-Authorization`, which always are.',
          ),
        query: z
          .array(queryKey)
          .prefault([...secretQueryKeys])
          .describe(
            'Query parameters whose values are hidden, however their names are spelt, besides `callback`, which always is.',
          ),
      })
      .prefault({})
      .describe('What is shown as `***`, in logs, traces and on the dashboard.'),
  })
  .describe('The log: lines of JSON on the error output, or in the file of `--log-file`.')

export type LogOptions = z.output<typeof logOptions>
