import type { Call } from './call.ts'
import type { Outcome } from './outcome.ts'
import type { GatewayRequest, TargetRequest } from './request.ts'

/**
 * The one contract. A service answers every request: expected failures are values, and it throws only on bugs. When the
 * call's scope is aborted, it resolves immediately with the reason, its connections closed or freed.
 */
export type Service<Request extends GatewayRequest = GatewayRequest> = (
  request: Request,
  call: Call,
) => Promise<Outcome>

export type Layer<Request extends GatewayRequest = GatewayRequest> = (next: Service<Request>) => Service<Request>

/** A layer that may stand anywhere. */
export type AnyLayer = <Request extends GatewayRequest>(next: Service<Request>) => Service<Request>

/** Inside the balancer each request already has its attempt. */
export type TargetService = Service<TargetRequest>
export type TargetLayer = Layer<TargetRequest>
