import type { RouteFacts } from '../../core/call.ts'
import type { Failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Service } from '../../core/service.ts'
import type { FailurePolicy } from './failure-response.ts'

/** A route as the server sees it. */
export interface RouteHandler {
  readonly facts: RouteFacts
  readonly service: Service
  readonly failures: FailurePolicy
  readonly explain: boolean
  /** Whether upgrades (WebSocket) are allowed. */
  readonly upgrades: boolean
  /** Whether calls in flight may depend on this route, so that it is served until they have ended. */
  readonly servesWhileDraining: boolean
}

/** Which requests a route serves. */
export interface RouteMatch {
  /** Undefined: all of them. */
  readonly methods: readonly string[] | undefined
  readonly path: string
}

export interface RoutedHandler<Handler = RouteHandler> {
  readonly match: RouteMatch
  readonly handler: Handler
}

export type Resolved<Handler = RouteHandler> =
  | { readonly found: true; readonly handler: Handler; readonly params: GatewayRequest['params'] }
  | { readonly found: false; readonly failure: Failure }

/** Which route serves a method and path. */
export type Resolve<Handler = RouteHandler> = (method: string, path: string) => Resolved<Handler>
