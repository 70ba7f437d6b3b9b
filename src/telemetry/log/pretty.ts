import { prettyFactory } from 'pino-pretty'
import type { AccessFacts, AttemptFacts } from '../access-log/access-line.ts'
import { visible } from './visible.ts'

/** Formats a log line for people. */
export function prettyLine(colors: boolean): (line: string) => string {
  return prettyFactory({
    colorize: colors,
    translateTime: 'SYS:HH:MM:ss.l',
    // The message contains everything worth showing.
    hideObject: true,
    messageFormat: (log) => messageOf(log),
  })
}

function messageOf(log: Record<string, unknown>): string {
  if (log['route'] !== undefined) return callText(log as typeof log & AccessFacts)
  const { err, msg = '' } = log as { readonly err?: { readonly stack?: string }; readonly msg?: string }
  const message = visible(msg)
  if (err?.stack === undefined) return message
  return [message, ...err.stack.split('\n').map(visible)].join('\n    ')
}

/** `GET /api/smart?timeout=900 200 312 ms: work-1 first cancelled 312 ms, work-2 hedge won 12 ms`. */
function callText(call: AccessFacts): string {
  const status = call.status === 0 ? 'no answer' : String(call.status)
  const failure = call.failure === undefined ? '' : ` ${call.failure}: ${call.detail}`
  const attempts = call.attempts.length === 0 ? '' : ` (${call.attempts.map(attemptText).join(', ')})`
  return visible(`${call.method} ${call.url} ${status} ${Math.round(call.ms)} ms${failure}${attempts}`)
}

function attemptText({ target, kind, outcome, ms, won }: AttemptFacts): string {
  return `${target} ${kind} ${won === true ? 'won' : outcome} ${Math.round(ms)} ms`
}
