import { Readable } from 'node:stream'
import type { Target } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import { type GatewayRequest, isIdempotent } from '../../core/request.ts'
import type { Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { ClientBody } from './client-body.ts'
import { type Connection, type ConnectionOptions, ConnectionPool } from './connection-pool.ts'
import { Exchange } from './exchange.ts'

export interface HttpClientOptions {
  readonly clock: Clock
  readonly connections: ConnectionOptions
}

export interface HttpClient {
  /** The innermost service: sends the request to the target of its attempt. */
  readonly send: Service
  /** Sockets to targets that are open, and of these unused. */
  connections(): { open: number; idle: number }
  destroy(): void
}

/** Tells a target how long its answer will be waited for. */
const budgetHeader = 'x-request-timeout-ms'

export function httpClient(options: HttpClientOptions): HttpClient {
  const pools = new Map<string, ConnectionPool>()
  let isDestroyed = false

  const poolFor = (target: Target): ConnectionPool => {
    let pool = pools.get(target.origin)
    if (pool === undefined) {
      pool = new ConnectionPool(target.origin, options.connections)
      pools.set(target.origin, pool)
    }
    return pool
  }

  const send = (request: GatewayRequest, call: Call): Promise<Outcome> => {
    const attempt = request.attempt
    if (attempt === undefined) throw new Error('a request reached the transport without a target')
    const aborted = call.scope.reason
    if (aborted !== undefined) return Promise.resolve(failed(aborted))
    // What outlives its call (a callback's order) may be tried again when all connections have been closed.
    if (isDestroyed) return Promise.resolve(failed(failure('DRAINING', 'The gateway is shutting down')))
    if (request.body instanceof Readable && request.body.destroyed) {
      return Promise.resolve(failed(failure('CLIENT_GONE', 'The client hung up before its request was whole')))
    }
    const pool = poolFor(attempt.target)
    const dispatchOptions = {
      method: request.method,
      path: pathOf(request, attempt.target),
      headers: headersOf(request, attempt.target, call),
      bodyTimeout: call.route.idleTimeoutMs,
      upgrade: request.upgrade ?? null,
    }
    const dispatch = (
      connection: Connection,
      body: ClientBody | Uint8Array | null,
      settle: (outcome: Outcome) => void,
    ): void => {
      const exchange = new Exchange({ pool, connection, attempt, scope: call.scope, clock: options.clock, settle })
      connection.client.dispatch({ ...dispatchOptions, body }, exchange)
    }
    return new Promise((settle) => {
      const connection = pool.take()
      const body = bodyOf(request)
      if (!connection.used) dispatch(connection, body, settle)
      else {
        // A kept connection that the target closes just as it is used again tells nothing about the target: as in
        // nginx and Go's net/http, what may be repeated is sent once more, on a new connection.
        dispatch(connection, body, (outcome) => {
          const again =
            !outcome.ok && !isDestroyed && call.scope.reason === undefined && isStale(outcome.failure, request, body)
          if (again) dispatch(pool.connect(), bodyOf(request), settle)
          else settle(outcome)
        })
      }
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

function bodyOf({ body }: GatewayRequest): ClientBody | Uint8Array | null {
  return body instanceof Readable ? new ClientBody(body) : (body ?? null)
}

/** Refused on a connection that was there: nothing of the request was sent, so any method may be sent again. */
function isStale({ code }: Failure, { method }: GatewayRequest, body: ClientBody | Uint8Array | null): boolean {
  if (body instanceof ClientBody && body.isStarted) return false
  return code === 'UPSTREAM_REFUSED' || (code === 'UPSTREAM_RESET' && isIdempotent(method))
}

function pathOf(request: GatewayRequest, target: Target): string {
  const path = target.basePath + request.path
  return request.query === '' ? path : `${path}?${request.query}`
}

/** A route may set `host` itself; else it is the target's own. The time budget is always this attempt's. */
function headersOf(request: GatewayRequest, target: Target, call: Call): string[] {
  const headers: string[] = []
  let hasHost = false
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = request.headers[i] as string
    if (name.length === budgetHeader.length && name.toLowerCase() === budgetHeader) continue
    if (name.length === 4 && name.toLowerCase() === 'host') hasHost = true
    headers.push(name, request.headers[i + 1] as string)
  }
  const remainingMs = call.remainingMs()
  if (remainingMs !== Number.POSITIVE_INFINITY) headers.push(budgetHeader, String(Math.ceil(remainingMs)))
  if (!hasHost) headers.push('host', target.authority)
  return headers
}
