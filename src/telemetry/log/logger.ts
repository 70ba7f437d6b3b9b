import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogLevel } from './options.ts'

/** The gateway's own log; access-log lines have the same format (`access-line.ts`). */
export function openLogger(level: LogLevel, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      // Neither process id nor host: log collectors add them, and know them better.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}
