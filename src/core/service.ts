import type { Call } from './call.ts'
import type { Outcome } from './outcome.ts'
import type { GatewayRequest } from './request.ts'

/**
 * The one contract. A service answers every request: expected failures are values, and it throws only on bugs. When the
 * call's scope is aborted, it resolves immediately with the reason, its connections closed or freed.
 */
export type Service = (request: GatewayRequest, call: Call) => Promise<Outcome>

export type Layer = (next: Service) => Service
