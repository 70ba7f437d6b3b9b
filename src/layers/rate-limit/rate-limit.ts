import { failure } from '../../core/failure.ts'
import { headerValues } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer } from '../../core/service.ts'
import { countOf } from '../../kit/count-of.ts'
import { formatDurationMs } from '../../kit/units.ts'
import type { RouteLayerDeps } from '../route-layer.ts'
import { clientKey } from './client-key.ts'
import { RateLimitFields } from './fields.ts'
import { Gcra } from './gcra.ts'
import { KeyTable } from './key-table.ts'
import type { RateLimitOptions } from './options.ts'

type KeyOf = (request: GatewayRequest) => string

/** Refuses calls above the route's rate, and reports the remaining quota to every client in `RateLimit`. */
export function rateLimit(options: RateLimitOptions, deps: RouteLayerDeps): Layer {
  const { clock, random } = deps
  const rules = { limit: options.limit, perMs: options.per, burst: options.burst ?? options.limit }
  // Another limit uses other tick lengths, and so needs other memory.
  const maxKeys = options.by === 'route' ? 1 : options.maxKeys
  const form = `${rules.limit} ${rules.perMs} ${rules.burst} ${options.by} ${maxKeys}`
  const table = new KeyTable(new Gcra(rules), maxKeys, deps.memory.form('rate limit', form), random)
  const fields = new RateLimitFields(options.by.startsWith('header:') ? 'header' : options.by, rules)
  const keyOf = keyBy(options.by, deps.clientOf)
  const detail = `Allowed: ${countOf(rules.limit, 'call')} per ${formatDurationMs(rules.perMs)}, at most ${rules.burst} at once`
  return function rateLimitLayer(next) {
    return (request, call) => {
      const verdict = table.take(keyOf(request), clock.now())
      const headers = fields.of(verdict)
      if (verdict.isAdmitted) return next(request, call).then((outcome) => withHeaders(outcome, headers))
      call.emit({ type: 'call.shed', reason: 'rate' })
      return Promise.resolve(failed(failure('RATE_LIMITED', detail, { retryAfterMs: verdict.waitMs, headers })))
    }
  }
}

function keyBy(by: string, clientOf: RouteLayerDeps['clientOf']): KeyOf {
  if (by === 'route') return () => ''
  const byClient: KeyOf = (request) => clientKey(clientOf(request) ?? '')
  if (by === 'client') return byClient
  const name = by.slice('header:'.length).toLowerCase()
  return (request) => {
    const [value, ...others] = headerValues(request.headers, name)
    // If there are several values, the target might use another than the limiter: each call could bring a new key.
    if (value === undefined || value === '' || others.length > 0) return byClient(request)
    // The prefix keeps a value from being mistaken for an address.
    return `=${value}`
  }
}

function withHeaders(outcome: Outcome, added: readonly string[]): Outcome {
  if (outcome.ok) return succeeded({ ...outcome.response, headers: [...outcome.response.headers, ...added] })
  return failed({ ...outcome.failure, headers: [...(outcome.failure.headers ?? []), ...added] })
}
