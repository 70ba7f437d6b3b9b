import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { type ConfigInput, configSchema } from '../../src/config/schema.ts'
import type { Call } from '../../src/core/call.ts'
import { failure } from '../../src/core/failure.ts'
import type { GatewayRequest } from '../../src/core/request.ts'
import type { TargetService } from '../../src/core/service.ts'
import { Admission } from '../../src/gateway/stack/admission.ts'
import { routeStack } from '../../src/gateway/stack/route-stack.ts'
import { seededRandom } from '../../src/kit/random.ts'
import { SharedMemory } from '../../src/kit/shared-memory.ts'
import { ShortageLog } from '../../src/telemetry/shortage-log.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import { callOf, codeOf, failureOf, requestOf, responseOf, textOf, watch } from '../kit/calls.ts'
import { FakeUpstream, type Script } from '../kit/fake-upstream.ts'
import { hang, sentMs } from '../kit/layers.ts'
import { streamsSettled, VirtualClock } from '../kit/virtual-clock.ts'

type RouteInput = NonNullable<ConfigInput['routes']>[number]
type Scripts = ConstructorParameters<typeof FakeUpstream>[1]

/** An upstream with scripted targets. */
class ScriptedUpstream extends Upstream {
  fake: FakeUpstream | undefined

  override get send(): TargetService {
    return this.fake?.service ?? super.send
  }
}

const upstreams = {
  work: { targets: { w1: 'http://127.0.0.1:1', w2: 'http://127.0.0.1:2', w3: 'http://127.0.0.1:3' } },
  users: { targets: { u1: 'http://127.0.0.1:4' } },
}

/** The whole stack of a route as the gateway composes it, with scripted upstreams. */
function stackOf(route: Omit<RouteInput, 'match'>, scripts: Readonly<Record<string, Scripts>> = {}) {
  const clock = new VirtualClock()
  const memory = new SharedMemory()
  const config = configSchema.parse({ upstreams, routes: [{ match: '/api/work', ...route }] })
  const made = new Map(
    Object.entries(config.upstreams).map(([name, options]) => {
      const upstream = new ScriptedUpstream(name, options, {
        clock,
        memory,
        random: seededRandom(1),
        trusts: () => false,
        shortages: new ShortageLog({ clock, memory, log: () => {} }),
        log: () => {},
        resolve: () => Promise.reject(new Error('no name is resolved here')),
      })
      upstream.fake = new FakeUpstream(clock, scripts[name])
      return [name, upstream] as const
    }),
  )
  const upstream = (name: string) => made.get(name) as ScriptedUpstream
  const parsed = config.routes[0]
  assert.ok(parsed !== undefined)
  const none = { deliver: () => assert.fail('no route broadcasts'), callbacks: undefined }
  const random = seededRandom(1)
  const admission = new Admission(config, { clock, memory })
  const deps = { clock, memory, random, upstream, admission, ...none }
  const { service } = routeStack(parsed, deps)
  const send = (request: Partial<GatewayRequest> = {}) => {
    const { call, events } = callOf(clock)
    return { call, events, answer: watch(service(requestOf(request), call), clock) }
  }
  const work = upstream('work').fake as FakeUpstream
  const users = upstream('users').fake as FakeUpstream
  return { clock, work, users, send }
}

function sent(
  route: Omit<RouteInput, 'match'>,
  work: Scripts,
  request: Partial<GatewayRequest> = {},
): ReturnType<typeof stackOf> & ReturnType<ReturnType<typeof stackOf>['send']> {
  const stack = stackOf(route, { work })
  return { ...stack, ...stack.send(request) }
}

function attemptsOf({ attempts }: Call): readonly string[] {
  return attempts.map(({ target, kind, outcome, startedMs, endedMs }) => {
    return `${kind} ${target.name} ${startedMs}-${endedMs} ${outcome}`
  })
}

const json = { success: { json: true } } as const
const smart: Omit<RouteInput, 'match'> = {
  deadline: { from: { query: 'timeout' }, required: true },
  hedge: {
    upstream: 'work',
    path: '/backend',
    after: '300ms',
    extra: 2,
    budget: 'unlimited',
    success: { status: [200], json: true },
  },
  answer: 'timed',
}

describe('the stack of a forward route', () => {
  it('sends one attempt to a balanced target and records its outcome', async () => {
    const { clock, work, call, answer } = sent({ forward: { upstream: 'work' } }, [{ afterMs: 30, status: 404 }])
    await clock.advance(30)
    assert.equal(responseOf(answer.outcome).status, 404)
    assert.deepEqual(attemptsOf(call), ['first w1 0-30 success'])
    assert.equal(responseOf(answer.outcome).attempt, work.seen[0]?.request.attempt)
    assert.equal(clock.pendingCount, 0)
  })

  it('retries at another target, and passes on a bad answer when no retry is left', async () => {
    const script = [
      { afterMs: 10, status: 503 },
      { afterMs: 10, status: 500, body: 'last' },
    ]
    const { clock, call, answer } = sent({ forward: { upstream: 'work', retry: {} } }, script)
    await clock.runAll()
    assert.equal(textOf(answer.outcome), 'last')
    assert.deepEqual(
      call.attempts.map(({ kind, target, outcome, status }) => [kind, target.name, outcome, status]),
      [
        ['first', 'w1', 'server_error', 503],
        ['retry', 'w2', 'server_error', 500],
      ],
    )
  })

  it('retries after an attempt timeout, while the call has time', async () => {
    const forward = { upstream: 'work', attemptTimeout: '100ms', retry: { backoff: { base: '1ms' } } }
    const { clock, call, answer } = sent({ forward }, [hang, { afterMs: 50 }])
    await clock.advance(200)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual(
      call.attempts.map(({ target, outcome }) => [target.name, outcome]),
      [
        ['w1', 'timeout'],
        ['w2', 'success'],
      ],
    )
  })

  it('sends the same request in every try, rewritten once', async () => {
    const forward = { upstream: 'work', path: '/u/:id', headers: { set: { 'x-a': 'b' } }, retry: {} }
    const { clock, work } = sent({ forward }, [{ afterMs: 1, status: 500 }, { afterMs: 1 }], { params: { id: 'ž' } })
    await clock.runAll()
    assert.deepEqual(
      work.seen.map(({ request }) => `${request.path} ${request.headers.join('=')}`),
      ['/u/%C5%BE x-a=b', '/u/%C5%BE x-a=b'],
    )
  })

  it('streams the request body, and buffers it where it may have to be sent twice', async () => {
    for (const [options, held] of [
      [{}, false],
      [{ retry: {} }, true],
    ] as const) {
      const body = Readable.from([Buffer.from('x')])
      const forward = { upstream: 'work', ...options }
      const { work } = sent({ forward }, [hang], { method: 'POST', body })
      await streamsSettled()
      assert.equal(work.seen[0]?.request.body instanceof Uint8Array, held)
    }
  })

  it('sends HEAD for HEAD, because no body has to be read', () => {
    const { work } = sent({ forward: { upstream: 'work' } }, [hang], { method: 'HEAD' })
    assert.equal(work.seen[0]?.request.method, 'HEAD')
  })

  it('lets a streamed answer continue past the deadline', async () => {
    const { clock, answer, work } = sent({ deadline: '100ms', forward: { upstream: 'work' } }, [
      { afterMs: 90, bodyAfterMs: 500 },
    ])
    await clock.advance(300)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual([work.openCount, work.seen[0]?.aborted], [1, undefined])
  })
})

describe('the deadline of a route', () => {
  const forever: Scripts = () => hang
  const routes: readonly (readonly [string, Omit<RouteInput, 'match'>, number])[] = [
    ['forward', { forward: { upstream: 'work' } }, 1],
    ['first', { first: { upstream: 'work', calls: 3 } }, 3],
    ['all', { all: { upstream: 'work' } }, 2],
    ['quorum', { quorum: { upstream: 'work' } }, 3],
    ['hedge', { hedge: { upstream: 'work', after: '100ms', extra: 2 } }, 3],
  ]
  for (const [name, route, attempts] of routes) {
    it(`ends ${name} and all its attempts, each recorded as timed out`, async () => {
      const { clock, work, call, answer } = sent({ ...route, deadline: '500ms' }, forever)
      await clock.advance(10_000)
      assert.deepEqual([codeOf(answer.outcome), answer.settledMs], ['DEADLINE', 500])
      assert.deepEqual(
        call.attempts.map(({ outcome, endedMs }) => `${outcome} ${endedMs}`),
        Array(attempts).fill('timeout 500'),
      )
      assert.deepEqual([work.openCount, clock.pendingCount], [0, 0])
    })
  }

  it('ends the backoff between two tries', async () => {
    const forward = { upstream: 'work', retry: { attempts: 10, backoff: { base: '40ms', max: '40ms' } } }
    const fails = () => ({ afterMs: 20, fails: 'UPSTREAM_RESET' }) as const
    const { clock, call, answer } = sent({ deadline: '100ms', forward }, fails)
    await clock.advance(10_000)
    assert.ok((answer.settledMs ?? Number.NaN) <= 100)
    assert.ok(call.attempts.length >= 2 && call.attempts.length <= 5)
    assert.equal(clock.pendingCount, 0)
  })

  it('ends a call whose client sends its body too slowly, before anything is sent', async () => {
    const body = new Readable({ read: () => {} })
    const { clock, work, answer } = sent({ deadline: '100ms', first: { upstream: 'work' } }, forever, {
      method: 'POST',
      body,
    })
    body.push('some')
    await streamsSettled()
    await clock.advance(100)
    assert.deepEqual([codeOf(answer.outcome), answer.settledMs], ['DEADLINE', 100])
    assert.equal(work.seen.length, 0)
  })

  it('covers the whole of a buffered answer', async () => {
    const slow: Script = { afterMs: 10, bodyAfterMs: 500, body: '{}' }
    const { clock, work, answer } = sent({ deadline: '100ms', first: { upstream: 'work', ...json } }, () => slow)
    await clock.advance(1000)
    assert.deepEqual([codeOf(answer.outcome), answer.settledMs], ['DEADLINE', 100])
    assert.equal(work.openCount, 0)
  })

  it('returns the complete answers by then, where late ones are tolerated', async () => {
    const all = { upstream: 'work', calls: 3, tolerate: 'lateness' } as const
    const { clock, answer } = sent({ deadline: '100ms', all }, [
      { afterMs: 10, bodyAfterMs: 500, body: '1' },
      { afterMs: 10, bodyAfterMs: 50, body: '2' },
      hang,
    ])
    await clock.advance(100)
    assert.equal(textOf(answer.outcome), '[2]')
    assert.equal(answer.settledMs, 100)
  })

  it('rejects an invalid value from the client before anything else', async () => {
    const { clock, work, call, answer } = sent(smart, [hang], { query: 'timeout=1e3' })
    await clock.advance(0)
    assert.equal(codeOf(answer.outcome), 'BAD_TIMEOUT')
    assert.deepEqual([work.seen.length, call.attempts.length, clock.pendingCount], [0, 0, 0])
  })
})

describe('the stack of a hedged route', () => {
  const good = (afterMs: number): Script => ({ afterMs, body: '{"time":1}' })

  it('reports the duration of the whole call around the JSON of the winner', async () => {
    const { clock, answer, call } = sent(smart, [hang, good(50), good(90)], { query: 'timeout=1000' })
    await clock.advance(350)
    assert.equal(textOf(answer.outcome), '{"time":350,"api":{"time":1}}')
    assert.equal(responseOf(answer.outcome).attempt, call.attempts[1])
    await clock.advance(0)
    assert.deepEqual(attemptsOf(call), [
      'first w1 0-350 cancelled',
      'hedge w2 300-350 success',
      'hedge w3 300-350 cancelled',
    ])
  })

  const bad: readonly (readonly [string, Script, string])[] = [
    ['200 that is no JSON', { afterMs: 50, body: 'oops' }, 'invalid'],
    ['200 without a body', { afterMs: 50, body: '' }, 'invalid'],
    ['201, as only 200 counts', { afterMs: 50, status: 201, body: '{}' }, 'invalid'],
    ['302', { afterMs: 50, status: 302, body: '{}' }, 'invalid'],
    ['400', { afterMs: 50, status: 400, body: '{}' }, 'client_error'],
    ['429', { afterMs: 50, status: 429, body: '{}' }, 'rate_limited'],
    ['500', { afterMs: 50, status: 500, body: '{}' }, 'server_error'],
    ['refused', { afterMs: 50, fails: 'UPSTREAM_REFUSED' }, 'refused'],
    ['reset', { afterMs: 50, fails: 'UPSTREAM_RESET' }, 'reset'],
    ['reset within the body', { afterMs: 20, bodyAfterMs: 30, bodyFails: 'UPSTREAM_RESET' }, 'reset'],
  ]
  for (const [what, script, outcome] of bad) {
    it(`hedges at once when the first ends in: ${what}`, async () => {
      const { clock, work, call, answer } = sent(smart, [script, good(70), hang], { query: 'timeout=1000' })
      await clock.advance(120)
      assert.equal(textOf(answer.outcome), '{"time":120,"api":{"time":1}}')
      assert.deepEqual(sentMs(work), [0, 50, 50])
      assert.equal(call.attempts[0]?.outcome, outcome)
      assert.deepEqual([work.openCount, clock.pendingCount], [0, 0])
    })
  }

  it('hedges at once when the first is silent after its head for attemptTimeout', async () => {
    const hedge = { upstream: 'work', after: '300ms', attemptTimeout: '80ms', ...json }
    const { clock, work, call } = sent({ hedge }, [{ afterMs: 10, bodyAfterMs: 9000 }, good(10)])
    await clock.advance(90)
    assert.deepEqual(sentMs(work), [0, 80])
    assert.equal(call.attempts[0]?.outcome, 'timeout')
  })

  it('ends in the second stage at the deadline, not later', async () => {
    const { clock, work, answer } = sent(smart, [{ afterMs: 450, body: '1' }, good(101), hang], {
      query: 'timeout=400',
    })
    await clock.advance(1000)
    assert.deepEqual([codeOf(answer.outcome), answer.settledMs], ['DEADLINE', 400])
    assert.equal(work.openCount, 0)
  })

  it('names the target of each failure', async () => {
    const { clock, answer } = sent(smart, () => ({ afterMs: 10, status: 500 }), { query: 'timeout=400' })
    await clock.advance(100)
    const { code, detail } = failureOf(answer.outcome)
    assert.equal(code, 'UPSTREAM_STATUS')
    assert.equal(detail, 'All 3 attempts failed: w1: status 500; w2: status 500; w3: status 500')
  })

  it('sends GET for HEAD, because the body has to be read', () => {
    const { work } = sent(smart, [hang], { method: 'HEAD', query: 'timeout=1000' })
    assert.equal(work.seen[0]?.request.method, 'GET')
  })

  it('runs each attempt through its own retries', async () => {
    const hedge = { upstream: 'work', after: '300ms', extra: 1, retry: { backoff: { base: '1ms' } } }
    const { clock, call, answer } = sent({ hedge }, [
      { afterMs: 10, fails: 'UPSTREAM_RESET' },
      { afterMs: 10, fails: 'UPSTREAM_RESET' },
      { afterMs: 10, fails: 'UPSTREAM_RESET' },
      { afterMs: 10, body: 'fourth' },
    ])
    await clock.advance(100)
    assert.equal(textOf(answer.outcome), 'fourth')
    assert.deepEqual(
      call.attempts.map(({ kind, target }) => `${kind} ${target.name}`),
      ['first w1', 'retry w2', 'hedge w3', 'retry w1'],
    )
  })
})

describe('the stack of the other routes', () => {
  it('sends first to different targets and returns the answer of one', async () => {
    const { clock, call, answer } = sent({ first: { upstream: 'work', calls: 3 } }, [
      { afterMs: 30 },
      { afterMs: 20, status: 500 },
      { afterMs: 25, body: 'third' },
    ])
    await clock.advance(25)
    assert.equal(textOf(answer.outcome), 'third')
    await clock.advance(0)
    assert.deepEqual(attemptsOf(call), [
      'duplicate w1 0-25 cancelled',
      'duplicate w2 0-20 server_error',
      'duplicate w3 0-25 success',
    ])
  })

  it('returns the first failure where the first response decides', async () => {
    const first = { upstream: 'work', settle: 'response' } as const
    const { clock, answer } = sent({ first }, [{ afterMs: 30 }, { afterMs: 20, status: 500 }])
    await clock.advance(30)
    assert.equal(failureOf(answer.outcome).detail, 'w2: status 500')
    assert.equal(answer.settledMs, 20)
  })

  it('sends named calls each to its own upstream and path, with its own options', async () => {
    const all = {
      calls: {
        user: { upstream: 'users', path: '/users/:id', success: { status: [404] } },
        jobs: { upstream: 'work', attemptTimeout: '50ms' },
      },
      tolerate: 'failures' as const,
    }
    const stack = stackOf({ all }, { work: [hang], users: [{ afterMs: 10, status: 404, body: '{"no":1}' }] })
    const { answer, call } = stack.send({ params: { id: '7' } })
    await stack.clock.advance(50)
    assert.equal(textOf(answer.outcome), '{"user":{"no":1}}')
    assert.deepEqual([stack.users.seen[0]?.request.path, stack.work.seen[0]?.request.path], ['/users/7', '/api/work'])
    assert.deepEqual(
      call.attempts.map(({ target, outcome }) => [target.name, outcome]),
      [
        ['u1', 'success'],
        ['w1', 'timeout'],
      ],
    )
  })

  it('compares whole quorum answers, even if they arrive as streams', async () => {
    const quorum = { upstream: 'work', ignore: ['/at'] }
    const { clock, answer } = sent({ quorum }, [
      { afterMs: 5, bodyAfterMs: 20, body: '{"v":1,"at":1}' },
      { afterMs: 5, bodyAfterMs: 10, body: '{"v":2,"at":2}' },
      { afterMs: 5, bodyAfterMs: 30, body: '{"at":3,"v":1}' },
    ])
    await clock.advance(100)
    assert.equal(answer.settledMs, 35)
    assert.equal(JSON.parse(textOf(answer.outcome)).v, 1)
  })

  it('aborts everything when the client disconnects', async () => {
    const { clock, work, call, answer } = sent({ all: { upstream: 'work', retry: {} } }, () => hang)
    await clock.advance(20)
    call.abort(failure('CLIENT_GONE', 'gone'))
    await clock.advance(0)
    assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
    assert.deepEqual([work.openCount, clock.pendingCount], [0, 0])
    assert.deepEqual(
      call.attempts.map(({ outcome }) => outcome),
      ['cancelled', 'cancelled'],
    )
  })

  it('shares the retry budget between the calls of a route', async () => {
    const forward = { upstream: 'work', retry: { budget: '0%', minBudget: 1, backoff: { base: '1ms' } } }
    const fails: Script = { afterMs: 10, fails: 'UPSTREAM_RESET' }
    const stack = stackOf({ forward }, { work: (place) => (place < 2 ? fails : hang) })
    const calls = [stack.send(), stack.send()]
    await stack.clock.advance(50)
    assert.deepEqual(
      calls.map(({ events }) => events.some(({ type }) => type === 'retry.denied')),
      [false, true],
    )
    assert.equal(stack.work.seen.length, 3)
  })
})
