import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogLevel } from './options.ts'

/** For what the gateway tells of itself; the lines of calls have the same form (`access-line.ts`). */
export function openLogger(level: LogLevel, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      // Neither process id nor host: whoever collects logs of several adds them, and knows better.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}
