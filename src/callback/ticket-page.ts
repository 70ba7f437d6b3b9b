import { failure } from '../core/failure.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import { type FailurePolicy, failureResponse } from '../transport/server/failure-response.ts'
import type { Callbacks } from './callbacks.ts'
import { resultResponse } from './take-callback.ts'

const retryAfterSeconds = 1

export interface TicketPageOptions {
  readonly callbacks: Callbacks
  readonly clock: Pick<Clock, 'wallNow'>
  /** How failures are mapped for a route, or for the routes that share a callback path. */
  readonly policyOf: (route: string) => FailurePolicy
}

/** `GET /_hedgerow/tickets/:id`: the result, 202 while there is none yet, 410 once it is no longer kept. */
export function ticketPage({ callbacks, clock, policyOf }: TicketPageOptions): Service {
  return async (request, call): Promise<Outcome> => {
    const verdict = callbacks.signer.verify(request.params['id'] ?? '', 'ticket', clock.wallNow())
    if (verdict.kind === 'forged') return failed(failure('NO_TICKET', 'This gateway has issued no such ticket'))
    const found = await callbacks.fetch(verdict, request.method === 'HEAD')
    // A result that arrived at the last moment is kept after its callback token has expired.
    if (!found.ok) return found
    const { value } = found
    if (value.kind === 'over' || (value.kind === 'running' && verdict.kind === 'expired'))
      return failed(failure('TICKET_EXPIRED', 'The result of this ticket is no longer kept'))
    if (value.kind === 'running') return succeeded(running())
    const { result, route } = value
    if (result.kind === 'answer') return succeeded(resultResponse(result))
    // As the route would have reported it to a client that was still connected.
    const facts = { requestId: call.id, attempts: [], elapsedMs: call.elapsedMs(), requestHeaders: request.headers }
    return succeeded(failureResponse(failure(result.code, result.detail), policyOf(route), facts))
  }
}

function running() {
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
  const body = Buffer.from(`${JSON.stringify({ status: 'running' })}\n`)
  return ownResponse(202, [...headers, 'retry-after', String(retryAfterSeconds)], body)
}
