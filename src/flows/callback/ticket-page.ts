import { failure } from '../../core/failure.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { Service } from '../../core/service.ts'
import type { Callbacks } from './callbacks.ts'

const retryAfterSeconds = 1

/** `GET /_hedgerow/tickets/:id`: the result, 202 while there is none yet, 410 when it is no longer kept. */
export function ticketPage(callbacks: Callbacks, wallNow: () => number): Service {
  return async (request): Promise<Outcome> => {
    const verdict = callbacks.signer.verify(request.params['id'] ?? '', 'ticket', wallNow())
    if (verdict.kind === 'forged') return failed(failure('NO_TICKET', 'This is no ticket of this gateway'))
    const found = await callbacks.fetch(verdict, request.method === 'HEAD')
    // What came in the last moment is kept longer than its callback could have come.
    if (found === 'over' || (found === undefined && verdict.kind === 'expired'))
      return failed(failure('TICKET_EXPIRED', 'The result of this ticket is no longer kept'))
    if (found === undefined) return succeeded(running())
    if ('kind' in found) {
      if (found.kind === 'failure') return failed(failure(found.code, found.detail))
      return succeeded(response(found.status, found.contentType, found.body))
    }
    return failed(found)
  }
}

function running() {
  const body = Buffer.from(`${JSON.stringify({ status: 'running' })}\n`)
  return response(202, 'application/json', body, ['retry-after', String(retryAfterSeconds)])
}

function response(status: number, contentType: string, body: Uint8Array, more: readonly string[] = []) {
  const headers = ['content-type', contentType, 'cache-control', 'no-store', ...more]
  return { status, headers, body, attempt: undefined, upgraded: undefined }
}
