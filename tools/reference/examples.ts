import type { StrategyName } from '../../src/config/registry.ts'

/** One route for each strategy. A test parses them all. */
export const examples: Readonly<Record<StrategyName, string>> = {
  forward: `
routes:
  - match: /api/*
    deadline: 5s
    forward: { upstream: work, path: /v2/*, attemptTimeout: 1s, retry: { attempts: 3 } }
`,
  first: `
routes:
  - match: GET /api/quote
    deadline: 2s
    first: { upstream: work, calls: 3, success: { status: [200], json: true } }
`,
  all: `
routes:
  - match: GET /api/samples
    all: { upstream: work, path: /api/sample, calls: 4, tolerate: failures }

  - match: GET /api/page/:id
    all:
      tolerate: failures
      calls:
        user: { upstream: users, path: /users/:id }
        orders: { upstream: orders, path: /orders/:id, attemptTimeout: 500ms }
`,
  quorum: `
routes:
  - match: GET /api/balance/:account
    quorum: { upstream: work, of: 3, need: 2, ignore: [/timestamp, /server], success: { json: true } }
`,
  hedge: `
routes:
  - match: GET /api/search
    deadline: { default: 2s, from: { query: timeout }, max: 10s }
    hedge: { upstream: work, after: p95, extra: 1, budget: 10%, success: { status: [200] } }
`,
  broadcast: `
routes:
  - match: POST /register
    deadline: 5s
    broadcast: { upstream: work, order: { by: form.username }, respond: first, attempts: 100 }
`,
  callback: `
callbacks:
  url: http://gateway.internal:8080
routes:
  - match: POST /reports
    deadline: 20s
    callback:
      upstream: work
      send: { url: json:/callbackUrl }
      durable: true
`,
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
