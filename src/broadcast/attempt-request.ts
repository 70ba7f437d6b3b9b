import type { Attempt } from '../core/attempt.ts'
import { headerValue } from '../core/headers.ts'
import type { TargetRequest } from '../core/request.ts'
import type { Delivery } from './delivery.ts'

/** Every attempt carries the same key, so that a target can tell a repeat from a new write. */
export function attemptRequest(delivery: Delivery, attempt: Attempt, attemptNumber: number): TargetRequest {
  const { method, path, query, headers, body } = delivery.request
  const keyed = headerValue(headers, 'idempotency-key') === undefined ? ['idempotency-key', delivery.id] : []
  return {
    method,
    path,
    query,
    headers: [...headers, ...keyed, 'x-hedgerow-attempt', String(attemptNumber)],
    body,
    params: {},
    upgrade: undefined,
    attempt,
  }
}
