import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { headerValues } from '../../core/headers.ts'
import { failed } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import type { DeadlineOptions } from './options.ts'

/**
 * Ends the call at its deadline: its scope is aborted, and the strategy inside settles at once with the answers it has.
 * The deadline covers the head of the answer, and also the body if it is held whole.
 */
export function deadline(options: DeadlineOptions, clock: Clock): Layer {
  return function deadlineLayer(next) {
    return async (request, call) => {
      const budgetMs = options.from === undefined ? options.default : clientBudgetMs(request, options)
      if (typeof budgetMs !== 'number') return failed(budgetMs)
      call.expireAt(call.startedAtMs + budgetMs)
      const timer = clock.after(call.remainingMs(), () => {
        call.abort(failure('DEADLINE', `No good answer within ${budgetMs} ms${queuedText(call, budgetMs)}`))
      })
      try {
        return await next(request, call)
      } finally {
        timer.cancel()
      }
    }
  }
}

/** Without the time in the queue, the attempts would not add up to the deadline. */
function queuedText({ queuedMs }: Call, budgetMs: number): string {
  if (queuedMs < 1) return ''
  // The timer may have fired late.
  return `, ${Math.min(budgetMs, Math.round(queuedMs))} ms of them in the queue`
}

/** The client's value in milliseconds, the default if it sends none, or why the value is invalid. */
export function clientBudgetMs(request: GatewayRequest, options: DeadlineOptions): number | Failure {
  const { from, min, max } = options
  if (from === undefined) return options.default
  const name = 'query' in from ? `query parameter "${from.query}"` : `header "${from.header}"`
  const allowed = `a whole number of milliseconds from ${min} to ${max}`
  const values =
    'query' in from
      ? new URLSearchParams(request.query).getAll(from.query)
      : headerValues(request.headers, from.header.toLowerCase())
  const [value] = values
  if (value === undefined) {
    return options.required ? failure('BAD_TIMEOUT', `The ${name} is required: ${allowed}`) : options.default
  }
  if (values.length > 1) {
    const shown = values.slice(0, 2).map(quoted).join(', ')
    return failure('BAD_TIMEOUT', `The ${name} is given ${values.length} times (${shown}); allowed once: ${allowed}`)
  }
  const budgetMs = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (budgetMs >= min && budgetMs <= max) return budgetMs
  return failure('BAD_TIMEOUT', `The ${name} is ${quoted(value)}; allowed: ${allowed}`)
}

/** Shows only the beginning: the value may have any length. */
function quoted(value: string): string {
  return JSON.stringify(value.slice(0, 40))
}
