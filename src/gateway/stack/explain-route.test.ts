import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { parseConfig } from '../../config/load.ts'
import { explainRoute } from './explain-route.ts'

const upstreams = `
upstreams:
  work: { targets: [http://127.0.0.1:9101, http://127.0.0.1:9102], budget: unlimited }
  users: { targets: { u1: http://127.0.0.1:9201 }, budget: unlimited, balance: peak-ewma }
`

function explained(yaml: string, method: string, path: string): string {
  const result = parseConfig(upstreams + yaml, { file: 'x.yaml', env: {} })
  assert.ok(result.ok)
  const clock = new VirtualClock()
  const explanation = explainRoute(result.config, method, path, clock)
  assert.equal(clock.pendingCount, 0)
  return explanation.ok ? explanation.value : explanation.failure.detail
}

/** The roles in order, without the column of reasons. */
function rolesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .slice(2)
    .map((line) => line.trim().split(/\s{2,}/)[0] ?? '')
}

describe('the explanation of a route', () => {
  it('lists a plain forward route in full', () => {
    const text = explained('routes: [{ match: /api/*, forward: { upstream: work } }]', 'GET', '/api/x')
    assert.equal(
      text,
      `GET /api/x is served by \`/api/*\` (routes[0]):

  deadline             10s               Covers the whole call, including time in a queue
  forward              one attempt       Sends one attempt to a balanced target, streamed both ways
  each attempt:
    balance            round-robin       Chooses the target; from here on the request belongs to one attempt
    attempt-telemetry  outcome and time  Outside the success check, whose result it records
    upstream           work              Targets: 127.0.0.1:9101, 127.0.0.1:9102`,
    )
  })

  it('has every layer that the options ask for, in the order of the stack', () => {
    const text = explained(
      `
concurrency: { limit: 500 }
telemetry: { traces: { exporter: otlp, url: http://127.0.0.1:4318/v1/traces } }
routes:
  - match: GET /api/smart
    deadline: { default: 2s, from: { query: timeout }, max: 10s }
    rateLimit: { limit: 100, burst: 20 }
    concurrency: { limit: adaptive, queue: 0 }
    priority: high
    answer: timed
    hedge:
      upstream: work
      path: /v2
      headers: { set: { authorization: secret }, remove: [x-b] }
      attemptTimeout: 1s
      retry: {}
      success: { json: true }
`,
      'GET',
      '/api/smart',
    )
    assert.deepEqual(rolesOf(text), [
      'rate-limit',
      'deadline',
      'concurrency-limit',
      'concurrency-limit',
      'timed-answer',
      'buffer-body',
      'head-as-get',
      'hedge',
      'each attempt:',
      'rewrite',
      'retry',
      'balance',
      'attempt-trace',
      'attempt-timeout',
      'attempt-telemetry',
      'success',
      'upstream',
    ])
    for (const settings of [
      '100 calls in 1s, 20 at once, by client',
      '2s, or from ?timeout, 1ms to 10s',
      'of the route: adaptive, 20 to 200 calls, no queue',
      'of the gateway: 500 in flight, 10 may wait 100ms, priority 8',
      'after p95 (1ms to 1s), up to 1 more, budget 20%',
      'path /v2; sets authorization; removes x-b',
      'status 2xx, JSON, held up to 10MiB',
    ]) {
      assert.ok(text.includes(`  ${settings}  `), settings)
    }
    assert.ok(!text.includes('secret'))
  })

  for (const [match, isThere] of [
    ['/page', true],
    ['GET,POST /page', true],
    ['HEAD,POST /page', true],
    ['POST /page', false],
  ] as const) {
    it(`${isThere ? 'has' : 'leaves out'} head-as-get for a route that matches ${match}`, () => {
      const yaml = `routes: [{ match: '${match}', all: { calls: { a: { upstream: users } } } }]`
      assert.equal(rolesOf(explained(yaml, 'POST', '/page')).includes('head-as-get'), isThere)
    })
  }

  it('lists the line of each named call', () => {
    const yaml = 'routes: [{ match: /page, all: { calls: { a: { upstream: users }, b: { upstream: work } } } }]'
    const text = explained(yaml, 'GET', '/page')
    assert.match(text, /all {2,}a, b; tolerate none/)
    assert.match(text, /call a:\n {4}balance {2,}peak-ewma(?:.*\n)+ {4}upstream {2,}users {2,}Targets: u1\n {2}call b:/)
  })

  it('lists the deliveries of a broadcast, which have no balancer', () => {
    const yaml = 'routes: [{ match: POST /register, broadcast: { upstream: users, path: /r } }]'
    const roles = rolesOf(explained(yaml, 'POST', '/register'))
    assert.deepEqual(roles.slice(-7), [
      'rewrite',
      'broadcast',
      'each delivery to each target:',
      'attempt-timeout',
      'attempt-telemetry',
      'success',
      'upstream',
    ])
  })

  it('explains a callback route without anything that takes callbacks', () => {
    const text = explained('routes: [{ match: /s, callback: { upstream: work } }]', 'GET', '/s')
    assert.match(text, /deadline {2,}5s[^]*callback {2,}result at \/_hedgerow\/callbacks, in memory/)
  })

  it('says so if no route serves the request, and which methods its path takes', () => {
    const yaml = 'routes: [{ match: POST /form, forward: { upstream: work } }]'
    assert.equal(explained(yaml, 'GET', '/other'), 'No route matches this path')
    assert.equal(explained(yaml, 'GET', '/form'), 'This path allows POST; the method was GET')
  })
})
