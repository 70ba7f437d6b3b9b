import { systemClock } from '../kit/clock.ts'
import { LogWriter } from '../telemetry/log/log-writer.ts'
import { openLogger } from '../telemetry/log/logger.ts'
import type { LogLevel } from '../telemetry/log/options.ts'

/** The single log, for messages of the gateway and for its calls. Writing never throws and never blocks. */
export interface Log {
  info(text: string): void
  warn(text: string): void
  error(text: string, error?: unknown): void
  /** Writes a preformatted line: one of the access log. */
  readonly line: (line: string) => void
  /** Lines lost so far because they could not be written. */
  readonly dropped: () => number
  setLevel(level: LogLevel): void
  /** Closes the log file, which may have been moved away, and opens a new one with the same name. */
  reopen(): void
  /** Writes pending lines, for at most two seconds. */
  close(): Promise<void>
}

export interface LogSettings {
  /** Default: stderr. */
  readonly file?: string | undefined
  readonly level?: LogLevel
  /** Human-readable lines instead of JSON. Default: on a terminal. */
  readonly pretty?: boolean | undefined
}

const errorOutput = 2

/** Throws if the file cannot be opened. */
export async function openLog({ file, level = 'info', pretty }: LogSettings = {}): Promise<Log> {
  // The reader of stderr may be gone; an exception about that would only cause the next one.
  process.stderr.on('error', () => {})
  const writer = new LogWriter({
    to: file ?? errorOutput,
    clock: systemClock(),
    // Trouble with stderr itself cannot be reported anywhere.
    onTrouble: (text) => file !== undefined && process.stderr.write(`${text}\n`),
  })
  // However the process exits, the last lines are written.
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
    error: (text, error) => {
      if (error === undefined) logger.error(text)
      else logger.error({ err: errorOf(error) }, text)
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
      } catch (error) {
        logger.error({ err: errorOf(error) }, `the log file ${file} cannot be reopened; lines still go to the old one`)
      }
    },
    close: async () => {
      await writer.close()
      process.off('exit', onExit)
    },
  }
}

/** Loaded on demand: it takes as long to load as half the gateway. */
async function prettyWrite(writer: LogWriter, isTerminal: boolean): Promise<(line: string) => void> {
  const { prettyLine } = await import('../telemetry/log/pretty.ts')
  const prettify = prettyLine(isTerminal && process.env['NO_COLOR'] === undefined)
  return (line) => writer.write(prettify(line))
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
