import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask, problemOf } from '../kit/ask.ts'
import { assertBetween, deadPort, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'

/** The fan-out, hedging and balancing systems as plain configuration, against backends with every behaviour. */

const work = { upstream: 'work', path: '/api/work', success: { status: [200], json: true } }
const deadline = { from: { query: 'timeout' } }
const failures = { BAD_TIMEOUT: 400, '*': 500 } as const

const routes: NonNullable<ConfigInput['routes']> = [
  { match: 'GET /api/all', deadline, failures, all: { ...work, calls: 2 } },
  { match: 'GET /api/first', deadline, failures, first: { ...work, calls: 2, settle: 'response' } },
  { match: 'GET /api/tolerant/all', deadline, failures, all: { ...work, calls: 3, tolerate: 'failures' } },
  { match: 'GET /api/tolerant/first', deadline, failures, first: { ...work, calls: 3 } },
  { match: 'GET /api/within-timeout', deadline, failures, all: { ...work, calls: 3, tolerate: 'lateness' } },
  {
    match: 'GET /api/smart',
    deadline: { ...deadline, required: true },
    hedge: { ...work, after: '300ms', extra: 2, budget: 'unlimited' },
    answer: 'timed',
    failures: { BAD_TIMEOUT: 400, '*': 503 },
  },
]

/** The behaviour of the target for the n-th attempt of a call. */
type Meeting = 'good' | 'late' | 'never' | '500' | 'not json' | 'reset'

async function opened(scene: Scene, meetings: readonly Meeting[]) {
  let place = 0
  const target = await scene.target((message, response) => {
    const number = place++
    const meeting = meetings[number] ?? 'never'
    const body = JSON.stringify({ time: number })
    if (meeting === 'good') response.end(body)
    if (meeting === 'late') {
      const timer = setTimeout(() => response.end(body), 150)
      response.on('close', () => clearTimeout(timer))
    }
    if (meeting === '500') response.writeHead(500).end('{"error":1}')
    if (meeting === 'not json') response.end('<html>')
    if (meeting === 'reset') message.socket.resetAndDestroy()
  })
  const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes })
  return url
}

const times = (body: string): number[] =>
  (JSON.parse(body) as { time: number }[]).map(({ time }) => time).sort((a, b) => a - b)

describe('all / first fan-out', () => {
  it('returns both bodies as an array from /api/all', async (t) => {
    const answer = await ask(`${await opened(openScene(t), ['good', 'late'])}/api/all`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.deepEqual(times(answer.body), [0, 1])
  })

  for (const meetings of [
    ['good', '500'],
    ['500', 'late'],
    ['not json', 'good'],
    ['reset', 'good'],
    ['500', 'reset'],
    ['never', '500'],
  ] as const) {
    it(`returns 500 from /api/all for ${meetings.join(' and ')}, without waiting`, async (t) => {
      const answer = await ask(`${await opened(openScene(t), meetings)}/api/all?timeout=5000`)
      assert.equal(answer.status, 500)
      assert.equal(problemOf(answer).status, 500)
      assertBetween(answer.ms, 0, 400, 'ms')
    })
  }

  it('returns 500 from /api/all at the deadline', async (t) => {
    const answer = await ask(`${await opened(openScene(t), ['good', 'never'])}/api/all?timeout=200`)
    assert.deepEqual([answer.status, problemOf(answer).code], [500, 'DEADLINE'])
    assertBetween(answer.ms, 195, 450, 'ms')
  })

  it('lets the first attempt to end decide in /api/first', async (t) => {
    const scene = openScene(t)
    for (const [meetings, status] of [
      [['late', 'good'], 200],
      [['late', '500'], 500],
      [['not json', 'late'], 500],
      [['late', 'reset'], 500],
      [['never', 'never'], 500],
    ] as const) {
      const answer = await ask(`${await opened(scene, meetings)}/api/first?timeout=400`)
      assert.equal(answer.status, status, meetings.join())
      if (status === 200) assert.equal(answer.body, '{"time":1}')
    }
  })

  it('tolerates failures in /api/tolerant/all: all must end in time, and one be good', async (t) => {
    const scene = openScene(t)
    for (const [meetings, status, good] of [
      [['good', 'late', 'good'], 200, [0, 1, 2]],
      [['good', '500', 'reset'], 200, [0]],
      [['not json', 'late', '500'], 200, [1]],
      [['500', '500', 'reset'], 500, undefined],
      [['good', 'good', 'never'], 500, undefined],
    ] as const) {
      const answer = await ask(`${await opened(scene, meetings)}/api/tolerant/all?timeout=400`)
      assert.equal(answer.status, status, meetings.join())
      if (good !== undefined) assert.deepEqual(times(answer.body), good)
    }
  })

  it('skips failures in /api/tolerant/first', async (t) => {
    const scene = openScene(t)
    for (const [meetings, status, body] of [
      [['500', 'late', 'reset'], 200, '{"time":1}'],
      [['never', 'never', 'good'], 200, '{"time":2}'],
      [['500', 'not json', 'reset'], 500, undefined],
      [['500', 'never', 'reset'], 500, undefined],
    ] as const) {
      const answer = await ask(`${await opened(scene, meetings)}/api/tolerant/first?timeout=400`)
      assert.equal(answer.status, status, meetings.join())
      if (body !== undefined) assert.equal(answer.body, body)
    }
  })

  it('returns every good answer in time from /api/within-timeout, even none', async (t) => {
    const scene = openScene(t)
    for (const [meetings, good] of [
      [
        ['good', 'late', 'good'],
        [0, 1, 2],
      ],
      [['good', 'never', '500'], [0]],
      [['never', 'never', 'never'], []],
      [['500', 'reset', 'not json'], []],
    ] as const) {
      const answer = await ask(`${await opened(scene, meetings)}/api/within-timeout?timeout=400`)
      assert.equal(answer.status, 200, meetings.join())
      assert.deepEqual(times(answer.body), good)
      assertBetween(answer.ms, 0, 650, 'ms')
    }
  })

  it('uses a deadline of 10 s by default, and answers 400 for an invalid one', async (t) => {
    const scene = openScene(t)
    let given = ''
    const target = await scene.target((message, response) => {
      given = String(message.headers['x-request-timeout-ms'])
      response.end('1')
    })
    const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes })
    assert.equal((await ask(`${url}/api/all`)).status, 200)
    assertBetween(Number(given), 9800, 10_000, 'x-request-timeout-ms')
    for (const path of ['/api/all', '/api/first', '/api/within-timeout']) {
      assert.equal((await ask(`${url}${path}?timeout=x`)).status, 400)
    }
  })
})

describe('the hedged request', () => {
  it('returns the time and the answer', async (t) => {
    const answer = await ask(`${await opened(openScene(t), ['late'])}/api/smart?timeout=1000`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    const { time, api, ...rest } = JSON.parse(answer.body)
    assert.deepEqual([api, rest], [{ time: 0 }, {}])
    assert.ok(Number.isInteger(time))
    assertBetween(time, 145, 400, 'time')
  })

  for (const [meetings, status] of [
    [['500', 'good', 'never'], 200],
    [['not json', '500', 'late'], 200],
    [['never', 'never', 'good'], 200],
    [['500', 'not json', 'reset'], 503],
    [['never', 'never', 'never'], 503],
  ] as const) {
    it(`returns ${status} for ${meetings.join(', ')}`, async (t) => {
      const answer = await ask(`${await opened(openScene(t), meetings)}/api/smart?timeout=700`)
      assert.equal(answer.status, status)
      assertBetween(answer.ms, 0, 950, 'ms')
      if (status === 200) return
      assert.equal(problemOf(answer).status, 503)
      assert.notEqual(problemOf(answer).detail, '')
      assert.equal(answer.headers['retry-after'], '1')
    })
  }

  it('answers within the timeout with the unreliable work backend, and gives the reason when it fails', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend(readyProfiles.work(), { seed: 3 })
    const { url } = await scene.gateway({ upstreams: upstreamOf(backend), routes })
    const answers = await Promise.all(
      Array.from({ length: 120 }, async (_, i) => {
        const timeoutMs = 500 + ((i * 37) % 500)
        return { timeoutMs, answer: await ask(`${url}/api/smart?timeout=${timeoutMs}`) }
      }),
    )
    for (const { timeoutMs, answer } of answers) {
      assert.ok([200, 503].includes(answer.status), answer.body)
      assertBetween(answer.ms, 0, timeoutMs + 250, 'ms')
      if (answer.status === 503) assert.match(problemOf(answer).code, /^(?:DEADLINE|UPSTREAM_)/)
    }
    const good = answers.filter(({ answer }) => answer.status === 200).length
    assert.ok(good > 100, `${good} of 120 were good`)
  })

  it('answers 400 with the reason for a missing or invalid timeout', async (t) => {
    const url = await opened(openScene(t), [])
    for (const query of ['', '?timeout=', '?timeout=0', '?timeout=60001', '?timeout=1.5', '?timeout=ten']) {
      const answer = await ask(`${url}/api/smart${query}`)
      assert.equal(answer.status, 400, query)
      assert.match(problemOf(answer).detail, /timeout.* whole number of milliseconds from 1 to 60000/)
    }
  })

  it('answers 503 in time when the backend is down', async (t) => {
    const scene = openScene(t)
    const { url } = await scene.gateway({
      upstreams: { work: { targets: { work: `http://127.0.0.1:${await deadPort()}` } } },
      routes,
    })
    const answer = await ask(`${url}/api/smart?timeout=1000`)
    assert.equal(answer.status, 503)
    assert.match(problemOf(answer).detail, /connection refused/)
    assertBetween(answer.ms, 0, 300, 'ms')
  })
})

describe('the balancer', () => {
  const names = ['server1', 'server2', 'server3'] as const

  async function balanced(scene: Scene, route: NonNullable<ConfigInput['routes']>[number]) {
    const targets: Record<string, string> = {}
    for (const name of names) targets[name] = (await scene.backend(readyProfiles.accounts(), { name })).url
    return scene.gateway({ upstreams: { accounts: { targets, balance: 'round-robin' } }, routes: [route] })
  }

  it('sends GET /login to the three backends in turn', async (t) => {
    const login = { match: 'GET /login', forward: { upstream: 'accounts' } } as const
    const { url } = await balanced(openScene(t), login)
    const bodies: string[] = []
    for (let i = 0; i < 9; i++) bodies.push((await ask(`${url}/login`)).body)
    assert.deepEqual(
      bodies,
      [...names, ...names, ...names].map((name) => `logged in on ${name}`),
    )
  })

  it('answers other methods with 405', async (t) => {
    const login = { match: 'GET /login', forward: { upstream: 'accounts' } } as const
    const { url } = await balanced(openScene(t), login)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      const answer = await ask(`${url}/login`, { method })
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers.allow, 'GET, HEAD')
    }
  })

  it('gives each backend the share of its weight', async (t) => {
    const scene = openScene(t)
    const answering = (text: string) => scene.backend({ endpoints: { 'GET /login': { body: { text } } } })
    const [a, b] = [await answering('a'), await answering('b')]
    const { url } = await scene.gateway({
      upstreams: { accounts: { targets: { a: { url: a.url, weight: 3 }, b: b.url } } },
      routes: [{ match: 'GET /login', forward: { upstream: 'accounts' } }],
    })
    let order = ''
    for (let i = 0; i < 8; i++) order += (await ask(`${url}/login`)).body
    assert.equal(order, 'aabaaaba')
  })
})
