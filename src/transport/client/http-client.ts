import { Readable } from 'node:stream'
import type { Target } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { headerValue } from '../../core/headers.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import type { GatewayRequest, TargetRequest } from '../../core/request.ts'
import type { TargetService } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { type ConnectionOptions, ConnectionPool } from './connection-pool.ts'
import { startExchange } from './exchange.ts'
import { declaredLength, expectsBody, type Framing, requestHead } from './request-head.ts'

export interface HttpClientOptions {
  readonly clock: Clock
  readonly connections: ConnectionOptions
}

export interface HttpClient {
  /** The innermost service: sends the request to the target of its attempt. */
  readonly send: TargetService
  /** Open sockets to targets, and how many of them are idle. */
  connections(): { open: number; idle: number }
  destroy(): void
}

export function httpClient(options: HttpClientOptions): HttpClient {
  const pools = new Map<string, ConnectionPool>()
  let isDestroyed = false

  const poolFor = (target: Target, request: GatewayRequest): ConnectionPool => {
    // The certificate has to name the request's host, so a TLS connection serves only one host.
    const host = target.origin.startsWith('https:') ? (headerValue(request.headers, 'host') ?? target.authority) : ''
    const key = host === '' ? target.origin : `${target.origin} ${host}`
    let pool = pools.get(key)
    if (pool === undefined) {
      pool = new ConnectionPool(target.origin, host, options.connections, options.clock)
      pools.set(key, pool)
    }
    return pool
  }

  const send = (request: TargetRequest, call: Call): Promise<Outcome> => {
    const { attempt } = request
    const aborted = call.scope.reason
    if (aborted !== undefined) return Promise.resolve(failed(aborted))
    // A request that outlives its call (a callback's order) may be retried after all connections were closed.
    if (isDestroyed) return Promise.resolve(failed(failure('DRAINING', 'The gateway is shutting down')))
    if (request.body instanceof Readable && request.body.destroyed) {
      return Promise.resolve(failed(failure('CLIENT_GONE', 'The client hung up before its request was complete')))
    }
    const declared = request.body === undefined ? undefined : declaredLength(request)
    if (typeof declared === 'object') return Promise.resolve(failed(declared))
    const framing = framingOf(request, declared)
    if (typeof framing === 'object') return Promise.resolve(failed(framing))
    const head = requestHead(request, attempt.target, call.remainingMs(), framing)
    if (typeof head !== 'string') return Promise.resolve(failed(head))
    const pool = poolFor(attempt.target, request)
    return new Promise((settle) => {
      startExchange({ pool, request, head, declaredLength: declared, attempt, call, clock: options.clock, settle })
    })
  }

  return {
    send,
    connections: () => {
      let open = 0
      let idle = 0
      for (const pool of pools.values()) {
        open += pool.openCount
        idle += pool.idleCount
      }
      return { open, idle }
    },
    destroy: () => {
      isDestroyed = true
      for (const pool of pools.values()) pool.destroyAll()
    },
  }
}

function framingOf({ method, body }: GatewayRequest, declared: number | undefined): Framing | Failure {
  if (body instanceof Readable) return declared ?? 'chunked'
  const length = body?.length ?? 0
  if (length === 0) return expectsBody(method) ? 0 : undefined
  if (declared === undefined || declared === length || !expectsBody(method)) return length
  return failure('BAD_REQUEST', 'The request body does not have the length that its Content-Length states')
}
