import { closeSync, openSync, writeSync } from 'node:fs'

/** Lines for people, one an event, with the time in front. Writing never throws: it must not end what it tells about. */
export interface Log {
  info(text: string): void
  error(text: string, fault?: unknown): void
  close(): void
}

/** To the file, or to the error output. Throws if the file cannot be opened. Written at once: last words must be there. */
export function openLog(file: string | undefined): Log {
  // Who reads the error output may have gone; to be told of that by a fault would only lead to the next.
  process.stderr.on('error', () => {})
  const opened = file === undefined ? undefined : openSync(file, 'a')
  const write = (level: string, text: string): void => {
    const line = `${new Date().toISOString()} ${level} ${text}\n`
    try {
      if (opened === undefined) process.stderr.write(line)
      else writeSync(opened, line)
    } catch {
      process.stderr.write(line)
    }
  }
  return {
    info: (text) => write('info', text),
    error: (text, fault) => write('error', fault === undefined ? text : `${text}: ${describe(fault)}`),
    close: () => {
      if (opened !== undefined) closeSync(opened)
    },
  }
}

function describe(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
}
