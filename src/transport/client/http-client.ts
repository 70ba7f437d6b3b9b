import { PassThrough, Readable } from 'node:stream'
import type { Target } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import { type GatewayRequest, isIdempotent } from '../../core/request.ts'
import type { Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
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
    if (request.body instanceof Readable && request.body.destroyed) {
      return Promise.resolve(failed(failure('CLIENT_GONE', 'The client hung up before its request was whole')))
    }
    const pool = poolFor(attempt.target)
    const dispatchOptions = {
      method: request.method,
      path: pathOf(request, attempt.target),
      headers: headersOf(request, attempt.target, call),
      body: request.body instanceof Readable ? apart(request.body) : (request.body ?? null),
      bodyTimeout: call.route.idleTimeoutMs,
      upgrade: request.upgrade ?? null,
    }
    const dispatch = (connection: Connection, settle: (outcome: Outcome) => void): void => {
      const exchange = new Exchange({ pool, connection, attempt, scope: call.scope, clock: options.clock, settle })
      connection.client.dispatch(dispatchOptions, exchange)
    }
    return new Promise((settle) => {
      const connection = pool.take()
      if (!connection.used || request.body instanceof Readable) dispatch(connection, settle)
      else {
        // A kept connection that the target closes just as it is used again tells nothing about the target: as in
        // nginx and Go's net/http, what may be repeated is sent once more, on a new connection.
        dispatch(connection, (outcome) => {
          const stale = !outcome.ok && isStale(outcome.failure, request)
          if (stale && call.scope.reason === undefined) dispatch(pool.connect(), settle)
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
      for (const pool of pools.values()) pool.destroyAll()
    },
  }
}

/**
 * undici destroys the body of an exchange that breaks. The client's own request must not be destroyed with it: its
 * connection would close before it has been told what went wrong.
 */
function apart(body: Readable): Readable {
  const copy = new PassThrough()
  copy.on('close', () => body.unpipe(copy))
  return body.pipe(copy)
}

/** Refused on a connection that was there: nothing of the request was sent, so any method may be sent again. */
function isStale({ code }: Failure, { method }: GatewayRequest): boolean {
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
