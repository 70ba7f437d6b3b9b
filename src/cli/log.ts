import { systemClock } from '../kit/clock.ts'
import { LogWriter } from '../telemetry/log/log-writer.ts'
import { openLogger } from '../telemetry/log/logger.ts'
import type { LogLevel } from '../telemetry/log/options.ts'

/** The one log: of what the gateway tells of itself, and of its calls. Writing never throws, and never waits. */
export interface Log {
  info(text: string): void
  warn(text: string): void
  error(text: string, fault?: unknown): void
  /** Takes a line that is made already: one of the access log. */
  readonly line: (line: string) => void
  /** Lines that were lost so far, as nothing took them. */
  readonly dropped: () => number
  setLevel(level: LogLevel): void
  /** Lets go of a file that was moved away, and begins a new one by its name. */
  reopen(): void
  /** Writes what waits, for at most two seconds. */
  close(): Promise<void>
}

export interface LogSettings {
  /** Else to the error output. */
  readonly file?: string | undefined
  readonly level?: LogLevel
  /** Lines for people instead of JSON. Default: on a terminal. */
  readonly pretty?: boolean | undefined
}

const errorOutput = 2

/** Throws if the file cannot be opened. */
export async function openLog({ file, level = 'info', pretty }: LogSettings = {}): Promise<Log> {
  // Who reads the error output may have gone; to be told of that by a fault would only lead to the next.
  process.stderr.on('error', () => {})
  const writer = new LogWriter({
    to: file ?? errorOutput,
    clock: systemClock(),
    // Of the error output itself there is nobody to tell.
    onTrouble: (text) => file !== undefined && process.stderr.write(`${text}\n`),
  })
  // However the process ends, the last words are there.
  const onExit = (): void => writer.flushSync()
  process.on('exit', onExit)
  const isTerminal = file === undefined && process.stderr.isTTY
  const write = (pretty ?? isTerminal) ? await prettyWrite(writer, isTerminal) : (line: string) => writer.write(line)
  const logger = openLogger(level, { write })
  return {
    info: (text) => {
      logger.info(text)
      writer.flush()
    },
    warn: (text) => {
      logger.warn(text)
      writer.flush()
    },
    error: (text, fault) => {
      if (fault === undefined) logger.error(text)
      else logger.error({ err: errorOf(fault) }, text)
      writer.flush()
    },
    line: write,
    dropped: () => writer.dropped,
    setLevel: (next) => {
      logger.level = next
    },
    reopen: () => {
      try {
        writer.reopen()
      } catch (fault) {
        logger.error({ err: errorOf(fault) }, `the log file ${file} cannot be opened again: lines go on to the old one`)
      }
    },
    close: async () => {
      await writer.close()
      process.off('exit', onExit)
    },
  }
}

/** Loaded only where it is wanted: it takes as long to load as half the gateway. */
async function prettyWrite(writer: LogWriter, isTerminal: boolean): Promise<(line: string) => void> {
  const { prettyLine } = await import('../telemetry/log/pretty.ts')
  const prettify = prettyLine(isTerminal && process.env['NO_COLOR'] === undefined)
  return (line) => writer.write(prettify(line))
}

function errorOf(fault: unknown): Error {
  return fault instanceof Error ? fault : new Error(String(fault))
}
