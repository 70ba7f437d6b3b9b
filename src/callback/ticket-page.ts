import { failure } from '../core/failure.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import { type FailurePolicy, failureResponse } from '../transport/server/failure-response.ts'
import type { Callbacks } from './callbacks.ts'
import { resultResponse } from './result-rules.ts'

const retryAfterSeconds = 1

export interface TicketPageOptions {
  readonly callbacks: Callbacks
  /** Wall clock, milliseconds. */
  readonly wallNow: () => number
  /** How a route, or those whose results come in at a path, tell failures. */
  readonly policyOf: (route: string) => FailurePolicy
}

/** `GET /_hedgerow/tickets/:id`: the result, 202 while there is none yet, 410 when it is no longer kept. */
export function ticketPage({ callbacks, wallNow, policyOf }: TicketPageOptions): Service {
  return async (request, call): Promise<Outcome> => {
    const verdict = callbacks.signer.verify(request.params['id'] ?? '', 'ticket', wallNow())
    if (verdict.kind === 'forged') return failed(failure('NO_TICKET', 'This is no ticket of this gateway'))
    const found = await callbacks.fetch(verdict, request.method === 'HEAD')
    // What came in the last moment is kept longer than its callback could have come.
    if (found === 'over' || (found === undefined && verdict.kind === 'expired'))
      return failed(failure('TICKET_EXPIRED', 'The result of this ticket is no longer kept'))
    if (found === undefined) return succeeded(running())
    if ('code' in found) return failed(found)
    const { result, route } = found
    if (result.kind === 'answer') return succeeded(resultResponse(result))
    // As the route would have told it, had the client still been there.
    const facts = { requestId: call.id, attempts: [], elapsedMs: call.elapsedMs(), requestHeaders: request.headers }
    return succeeded(failureResponse(failure(result.code, result.detail), policyOf(route), facts))
  }
}

function running() {
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
  const body = Buffer.from(`${JSON.stringify({ status: 'running' })}\n`)
  return ownResponse(202, [...headers, 'retry-after', String(retryAfterSeconds)], body)
}
