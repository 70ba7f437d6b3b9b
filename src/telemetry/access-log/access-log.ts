import type { CallEnd } from '../../core/events.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { type LogLevel, type LogOptions, logLevels } from '../log/options.ts'
import type { Redaction } from '../redact.ts'
import { accessLine } from './access-line.ts'
import { clientAddress } from './client-address.ts'
import { isoTime } from './iso-time.ts'

export interface AccessLogDeps extends Pick<Runtime, 'clock' | 'random' | 'events'> {
  readonly redaction: Redaction
  /** Whether an address belongs to a trusted proxy. */
  readonly trusts: (address: string) => boolean
  readonly write: (line: string) => void
}

/** Logs each call when it ends. Returns a function that stops it. */
export function startAccessLog(options: LogOptions, deps: AccessLogDeps): () => void {
  const { events, clock, random, redaction, trusts, write } = deps
  const { sample } = options
  const told = new Set(logLevels.slice(0, logLevels.indexOf(options.level) + 1))
  const lineOptions = {
    redaction,
    headers: options.headers.map((name) => name.toLowerCase()),
    clientOf: (request: Parameters<typeof clientAddress>[0]) => clientAddress(request, trusts),
    time: isoTime(clock),
  }
  return events.on('call.ended', ({ request, end }, call) => {
    const level = levelOf(end)
    if (!told.has(level)) return
    if (level === 'info' && sample < 1 && random() >= sample) return
    write(accessLine(level, request, call, end, lineOptions))
  })
}

/** Failures caused by the client are not warnings. */
export function levelOf({ status, failure }: CallEnd): LogLevel {
  if (failure === undefined) return status >= 500 ? 'warn' : 'info'
  if (failure.code === 'INTERNAL') return 'error'
  return failure.source === 'client' ? 'info' : 'warn'
}
