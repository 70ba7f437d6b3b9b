import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatDiagnostics } from '../../src/config/diagnostics.ts'
import { parseConfig } from '../../src/config/load.ts'
import { optionsIf } from '../../src/config/route-strategy.ts'
import { resolveDeadline, usualDeadlineMs } from '../../src/layers/deadline/options.ts'

function parsed(text: string, env: Readonly<Record<string, string>> = {}) {
  const result = parseConfig(text, { file: 'hedgerow.yaml', env })
  assert.ok(result.ok, result.ok ? '' : formatDiagnostics(result.diagnostics))
  return result.config
}

function faultsOf(text: string, env: Readonly<Record<string, string>> = {}) {
  const result = parseConfig(text, { file: 'hedgerow.yaml', env })
  return result.ok ? [] : result.diagnostics
}

describe('the example of the design', () => {
  const config = parsed(`
listen: { port: 8080 }
admin: { port: 9900 }
upstreams:
  work: { targets: [http://127.0.0.1:9101] }
  accounts: { targets: { server1: http://127.0.0.1:9111, server2: http://127.0.0.1:9112, server3: http://127.0.0.1:9113 }, balance: round-robin }
routes:
  - match: GET /api/smart
    deadline: { from: { query: timeout }, required: true }
    hedge: { upstream: work, path: /api/work, after: 300ms, extra: 2, budget: unlimited, success: { status: [200], json: true } }
    answer: timed
    failures: { DEADLINE: 503, UPSTREAM_STATUS: 503 }
`)

  it('has its values, and the defaults of the rest', () => {
    assert.equal(config.listen.port, 8080)
    assert.equal(config.listen.host, '127.0.0.1')
    assert.equal(config.listen.headerSize, 16 * 1024)
    assert.deepEqual(config.admin, { host: '127.0.0.1', port: 9900 })
    assert.deepEqual(config.upstreams['work'], {
      targets: [{ url: 'http://127.0.0.1:9101', weight: 1 }],
      balance: { kind: 'round-robin' },
      slowStart: 0,
      outlier: {
        failures: 5,
        interval: 10_000,
        ejection: 30_000,
        maxEjection: 300_000,
        share: 0.1,
        successRate: { sigma: 1.9, targets: 5, attempts: 100 },
      },
      rest: 300_000,
      panic: 0.5,
      dns: { every: 30_000 },
      budget: { share: 0.2, min: 3 },
      connectTimeout: 2000,
      keepAlive: 4000,
    })
    assert.deepEqual(Object.keys(config.upstreams['accounts']?.targets ?? {}), ['server1', 'server2', 'server3'])
    assert.equal(config.drain, 30_000)
  })

  it('has the route', () => {
    const [route, ...others] = config.routes
    assert.deepEqual(others, [])
    assert.deepEqual(route?.match, { methods: ['GET'], path: '/api/smart' })
    assert.deepEqual(route?.deadline, {
      min: 1,
      from: { query: 'timeout' },
      required: true,
    })
    assert.equal(route?.strategy.name, 'hedge')
    assert.deepEqual(route?.strategy.options, {
      upstream: 'work',
      path: '/api/work',
      success: { status: [{ from: 200, to: 200 }], json: true },
      after: 300,
      extra: 2,
      spacing: 0,
      first: 'keep',
      budget: 'unlimited',
      unsafe: 'refuse',
      bodyLimit: 1024 ** 2,
      maxAnswer: 10 * 1024 ** 2,
    })
    assert.equal(route?.answer, 'timed')
    assert.deepEqual(route?.failures, {
      DEADLINE: { status: 503, detail: undefined },
      UPSTREAM_STATUS: { status: 503, detail: undefined },
    })
  })
})

describe('values', () => {
  const route = (options: string) =>
    parsed(`upstreams: { u: { targets: [http://a] } }\nroutes: [{ match: GET /, ${options} }]`).routes[0]

  it('accepts a deadline longer than a minute without a warning', () => {
    const resolved = (deadline: string) => {
      const config = route(`forward: { upstream: u }, deadline: ${deadline}`)?.deadline
      assert.ok(config !== undefined)
      return resolveDeadline(config, usualDeadlineMs)
    }
    assert.deepEqual(resolved('90s'), { default: 90_000, min: 1, max: 90_000, required: false })
    assert.equal(resolved('{ default: 5m }').max, 300_000)
    assert.equal(resolved('{ default: 5m, max: 10m }').max, 600_000)
    assert.deepEqual(resolved('{ min: 2ms }'), { default: 10_000, min: 2, max: 60_000, required: false })
  })

  it('accepts any quantile unchanged', () => {
    for (const [text, share] of [
      ['p95', 0.95],
      ['p57', 0.57],
      ['p0.0000001', 1e-9],
      ['p99.99', 0.9999],
    ] as const) {
      const parsed = route(`hedge: { upstream: u, after: ${text} }`)
      const after = parsed && optionsIf('hedge', parsed)?.after
      assert.ok(typeof after === 'object')
      assert.ok(Math.abs(after.quantile - share) < 1e-12)
      assert.deepEqual([after.min, after.max, after.start], [1, 1000, 100])
    }
  })

  it('accepts a route for one method beside one for all methods of the same path', () => {
    parsed(`upstreams: { u: { targets: [http://a] } }
routes: [{ match: /x, forward: { upstream: u } }, { match: GET /x, forward: { upstream: u } }]`)
  })

  it('accepts the same port for both listeners if it is 0, or on different hosts', () => {
    parsed('listen: { port: 0 }\nadmin: { port: 0 }')
    parsed('listen: { port: 9900, host: 10.0.0.1 }\nadmin: { port: 9900 }')
  })
})

describe('diagnostics', () => {
  it('have position, path, message and suggestion', () => {
    assert.deepEqual(faultsOf('listen:\n  prt: 1\n'), [
      {
        file: 'hedgerow.yaml',
        line: 2,
        column: 3,
        path: 'listen.prt',
        message:
          'unknown key; did you mean "port"? Allowed: headerCount, headerSize, headerTimeout, host, keepAlive, maxConnections, port, requestTimeout',
        suggestion: 'port',
      },
    ])
  })

  it('never show possible secrets', () => {
    const secret = 'hunter2'
    const text = `admin: { token: "\${TOKEN}", host: 0.0.0.0 }
upstreams: { u: { targets: ["http://me:${secret}@example.org/", "ftp://${secret}@x"] } }
routes:
  - match: GET /
    forward: { upstream: u, headers: { set: { x-anything: "${secret}\\n", authorization: "\${TOKEN}\\u20ac" } } }`
    const diagnostics = faultsOf(text, { TOKEN: secret })
    assert.equal(diagnostics.length, 5)
    assert.ok(!formatDiagnostics(diagnostics).includes(secret))
  })

  it('are in the order of the file', () => {
    const diagnostics = faultsOf('trust: [x]\nrotes: 1\nlisten: { port: x, hst: 1 }\nadmin: { port: "1" }\n')
    assert.deepEqual(
      diagnostics.map(({ line, column }) => [line, column]),
      [
        [1, 9],
        [2, 1],
        [3, 17],
        [3, 20],
        [4, 16],
      ],
    )
  })

  it('do not include consequences of another error', () => {
    // The deadline out of range, the unknown upstream and the too large quorum would only follow from omitted parts.
    const diagnostics = faultsOf(`
upstreams:
  u: { targets: [http://a, nowhere] }
  v: { targets: "\${NONE}" }
routes:
  - { match: GET /a, forward: { upstream: v }, deadline: { default: 90s, max: 2 minutes } }
  - { match: GET /b, quorum: { upstream: u, of: 2 } }
  - { match: GET /c, forward: { upstream: "\${NONE}" } }
  - { match: "\${NONE}", forward: { upstream: u, path: /:x } }
listen: { port: 9900, hst: x }
admin: { port: 9900 }
`)
    assert.deepEqual(
      diagnostics.map(({ path }) => path),
      [
        'upstreams.u.targets[1]',
        'upstreams.v.targets',
        'routes[0].deadline.max',
        'routes[2].forward.upstream',
        'routes[3].match',
        'listen.hst',
      ],
    )
  })

  it('are complete for a large number of errors', () => {
    const routes = Array.from(
      { length: 3000 },
      (_, index) => `  - { match: GET /a, forwrd: { upstream: u${index} } }\n`,
    )
    const diagnostics = faultsOf(`upstreams: { u: { targets: [http://a] } }\nroutes:\n${routes.join('')}`)
    assert.equal(diagnostics.length, 3000)
  })
})
