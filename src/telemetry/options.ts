import { z } from 'zod'
import { logOptions } from './log/options.ts'
import { traceOptions } from './traces/options.ts'

export const telemetryOptions = z
  .strictObject({ log: logOptions.prefault({}), traces: traceOptions.optional() })
  .describe('Logs and traces of calls.')
