import { appendFileSync } from 'node:fs'

/** Lines for people, one an event, with the time in front. */
export interface Log {
  info(text: string): void
  error(text: string, fault?: unknown): void
}

/** To the file, or to the error output. Written at once: the last words of a process that dies must be there. */
export function openLog(file: string | undefined): Log {
  const write = (level: string, text: string): void => {
    const line = `${new Date().toISOString()} ${level} ${text}\n`
    if (file === undefined) process.stderr.write(line)
    else appendFileSync(file, line)
  }
  return {
    info: (text) => write('info', text),
    error: (text, fault) => write('error', fault === undefined ? text : `${text}: ${describe(fault)}`),
  }
}

function describe(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
}
