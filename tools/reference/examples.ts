import { existsSync, readFileSync } from 'node:fs'
import type { StrategyName } from '../../src/config/registry.ts'

/** The example of a strategy, from its folder. A test parses them all. */
export function exampleOf(name: StrategyName): string {
  const folders = ['../../src/strategies/', '../../src/'].map((parent) => new URL(`${parent}${name}/`, import.meta.url))
  const found = folders.map((folder) => new URL('example.yaml', folder)).find((file) => existsSync(file))
  if (found === undefined) throw new Error(`the strategy ${name} has no example.yaml in its folder`)
  return readFileSync(found, 'utf8')
}

/** The upstreams and sections that the examples refer to. */
export const exampleUpstreams = `
upstreams:
  work:
    targets: [http://127.0.0.1:9101, http://127.0.0.1:9102, http://127.0.0.1:9103]
    health: { path: /health, interval: 5s }
    outlier: { failures: 3 }
    breaker: { failures: 30%, minimum: 50 }
  users: { targets: { users: http://127.0.0.1:9201 } }
  orders:
    targets: [{ url: http://127.0.0.1:9301, weight: 3 }, http://127.0.0.1:9302]
    balance: { consistent-hash: { by: header:x-user } }
    slowStart: 30s
`

export const metricsExample = `
metrics:
  path: /metrics
  buckets: [10ms, 50ms, 250ms, 1s, 5s]
  rename: { hedgerow_calls_total: gateway_requests_total }
  views:
    - name: domain_failed_total
      from: hedgerow_attempts_total
      where: { outcome: [timeout, refused, reset, server_error] }
      labels: { domain: target }
    - { name: all_failed_total, from: hedgerow_attempts_total, where: { outcome: [timeout, refused, reset, server_error] } }
`

export const admissionExample = `
concurrency: { limit: 500, queue: 50 }
upstreams:
  work: { targets: [http://127.0.0.1:9101], budget: { share: 20%, min: 3 } }
routes:
  - match: GET /api/search
    priority: high
    rateLimit: { limit: 100, per: 1s, burst: 20, by: client }
    concurrency: { limit: adaptive, min: 20, max: 200, queue: 10, queueTime: 100ms }
    forward: { upstream: work }
`

export const telemetryExample = `
telemetry:
  traces: { exporter: otlp, url: http://127.0.0.1:4318/v1/traces, sample: 1% }
  log:
    access: true
    sample: 10%
    headers: [user-agent]
    redact: { headers: [x-api-key], query: [token, password] }
`

export const wholeExample = `
# yaml-language-server: $schema=./hedgerow.schema.json
listen:
  port: \${PORT:-8080}
`
