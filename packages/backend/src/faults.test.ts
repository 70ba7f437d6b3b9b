import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../../src/kit/random.ts'
import { Endpoint, type Plan } from './endpoint.ts'
import { type EndpointInput, type EndpointProfile, type Faults, type ProfileInput, parseProfile } from './profile.ts'
import { type Asked, type AskOptions, ask, openBackend, until, VirtualClock } from './test-kit.ts'

const body = { json: { time: 250, text: 'x'.repeat(100) } }

function withFault(fault: keyof Faults): ProfileInput {
  return { endpoints: { 'GET /x': { body, faults: { [fault]: 1 } } } }
}

/** The client's view until it hangs up, and the backend's counts. */
async function seenOf(url: string, options: AskOptions = {}): Promise<Asked | string> {
  try {
    return await ask(url, options)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

describe('a fault', () => {
  test('notJson: 200 and the JSON content type, with a body that is not JSON', async (t) => {
    const backend = await openBackend(t, { profile: withFault('notJson') })
    const { status, headers, body } = await ask(`${backend.url}/x`)
    assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
    assert.throws(() => JSON.parse(body))
  })

  test('resetBeforeHead: a reset without any byte', async (t) => {
    const backend = await openBackend(t, { profile: withFault('resetBeforeHead') })
    let hasHead = false
    const onHead = (): void => {
      hasHead = true
    }
    assert.equal(await seenOf(`${backend.url}/x`, { onHead }), 'ECONNRESET')
    const { reset, aborted, answers } = backend.stats()
    assert.deepEqual({ hasHead, reset, aborted, answers }, { hasHead: false, reset: 1, aborted: 0, answers: {} })
  })

  test('resetMidBody: the head and half of the body, then a reset', async (t) => {
    const backend = await openBackend(t, { profile: withFault('resetMidBody') })
    let received = ''
    const onData = (chunk: string): void => {
      received += chunk
    }
    assert.equal(await seenOf(`${backend.url}/x`, { onData }), 'ECONNRESET')
    assert.equal(received, JSON.stringify(body.json).slice(0, JSON.stringify(body.json).length / 2))
    const { reset, aborted, inFlight } = backend.stats()
    assert.deepEqual({ reset, aborted, inFlight }, { reset: 1, aborted: 0, inFlight: 0 })
  })

  test('hangAfterAccept: nothing, until the client hangs up', async (t) => {
    const clock = new VirtualClock()
    const backend = await openBackend(t, { clock, profile: withFault('hangAfterAccept') })
    const abort = new AbortController()
    let hasHead = false
    const onHead = (): void => {
      hasHead = true
    }
    const seen = seenOf(`${backend.url}/x`, { signal: abort.signal, onHead })
    await until('it hangs', () => backend.stats().inFlight === 1)
    clock.advance(86_400_000)
    assert.deepEqual([hasHead, clock.pending], [false, 0])
    abort.abort()
    await seen
    await until('the backend sees it', () => backend.stats().aborted === 1)
    assert.equal(hasHead, false)
  })

  test('hangAfterHead: the head, then nothing until the client hangs up', async (t) => {
    const backend = await openBackend(t, { profile: withFault('hangAfterHead') })
    const abort = new AbortController()
    let received = ''
    const onData = (chunk: string): void => {
      received += chunk
    }
    const seen = seenOf(`${backend.url}/x`, { signal: abort.signal, onHead: () => abort.abort(), onData })
    await seen
    await until('the backend sees it', () => backend.stats().aborted === 1)
    assert.equal(received, '')
  })

  test('slowBody: the body in pieces, the last at the end of the spread', async (t) => {
    const clock = new VirtualClock()
    const endpoint: EndpointInput = { body: { text: 'abcdefg' }, slowBody: { share: 1, spreadMs: 300, chunks: 4 } }
    const backend = await openBackend(t, { clock, profile: { endpoints: { 'GET /x': endpoint } } })
    const pieces: string[] = []
    const asked = ask(`${backend.url}/x`, { onData: (chunk) => pieces.push(chunk) })
    for (let count = 1; count < 4; count++) {
      await until('a piece has come', () => pieces.length === count && clock.pending === 1)
      clock.advance(99)
      assert.equal(pieces.length, count)
      clock.advance(1)
    }
    assert.equal((await asked).body, 'abcdefg')
    assert.deepEqual(pieces, ['a', 'bc', 'de', 'fg'])
  })

  test('slowBody: a client that hangs up between two pieces leaves no timer', async (t) => {
    const clock = new VirtualClock()
    const endpoint: EndpointInput = { body, slowBody: { share: 1, spreadMs: 300, chunks: 4 } }
    const backend = await openBackend(t, { clock, profile: { endpoints: { 'GET /x': endpoint } } })
    const abort = new AbortController()
    await seenOf(`${backend.url}/x`, { signal: abort.signal, onHead: () => abort.abort() })
    await until('the backend sees it', () => backend.stats().aborted === 1)
    assert.equal(clock.pending, 0)
  })
})

describe('skip', () => {
  test('answers every third request of the backend with its status, and counts only its methods', async (t) => {
    const profile: ProfileInput = {
      skip: { every: 3, status: 503, methods: ['POST'] },
      endpoints: { 'GET /a': {}, 'POST /a': {}, 'POST /b': { status: { 201: 1 } } },
    }
    const backend = await openBackend(t, { profile })
    const statuses: number[] = []
    for (const [method, path] of [...'ppgPpgPp'].map((letter) => [letter === 'g' ? 'GET' : 'POST', letter])) {
      statuses.push((await ask(`${backend.url}/${path === 'P' ? 'b' : 'a'}`, { method: method as string })).status)
    }
    assert.deepEqual(statuses, [200, 200, 200, 503, 200, 200, 201, 503])
  })
})

describe('the plans of an endpoint over 100,000 requests', () => {
  const count = 100_000

  function plansOf(endpoint: EndpointInput, seed: number): readonly Plan[] {
    const profile = parseProfile({ endpoints: { 'GET /x': endpoint } }).endpoints['GET /x'] as EndpointProfile
    const random = seededRandom(seed)
    const ready = new Endpoint(profile, 'b1')
    return Array.from({ length: count }, () => ready.plan(random, undefined))
  }

  const flaky: EndpointInput = {
    latency: { kind: 'uniform', minMs: 100, maxMs: 600 },
    status: { 200: 83, 500: 8, 429: 3 },
    faults: { notJson: 0.02, resetBeforeHead: 0.02, resetMidBody: 0.01, hangAfterAccept: 0.005, hangAfterHead: 0.005 },
    slowBody: { share: 0.1, spreadMs: 100, chunks: 2 },
  }

  test('have the shares of the profile', () => {
    const plans = plansOf(flaky, 3)
    const shareOf = (isIt: (plan: Plan) => boolean): number => plans.filter(isIt).length / count
    const expected: readonly (readonly [number, (plan: Plan) => boolean])[] = [
      [0.83, (plan) => plan.fate === 'answered' && plan.answer.status === 200],
      [0.08, (plan) => plan.fate === 'answered' && plan.answer.status === 500],
      [0.03, (plan) => plan.fate === 'answered' && plan.answer.status === 429],
      [0.02, (plan) => plan.fate === 'notJson'],
      [0.02, (plan) => plan.fate === 'resetBeforeHead'],
      [0.01, (plan) => plan.fate === 'resetMidBody'],
      [0.005, (plan) => plan.fate === 'hangAfterAccept'],
      [0.005, (plan) => plan.fate === 'hangAfterHead'],
      [0.1, (plan) => plan.slow !== undefined],
    ]
    for (const [share, isIt] of expected) {
      const deviation = Math.sqrt((share * (1 - share)) / count)
      assert.ok(Math.abs(shareOf(isIt) - share) < 4 * deviation, `${shareOf(isIt)} instead of ${share}`)
    }
  })

  test('keep the other random choices when one option changes', () => {
    const fates = (endpoint: EndpointInput): readonly string[] => plansOf(endpoint, 5).map((plan) => plan.fate)
    assert.deepEqual(fates({ ...flaky, latency: { kind: 'normal', meanMs: 9, deviationMs: 2 } }), fates(flaky))
  })
})

test('backends with the same seed behave the same, request by request; another seed differs', async (t) => {
  const faults = { notJson: 0.2, resetBeforeHead: 0.2 }
  const endpoint: EndpointInput = { status: { 200: 1, 500: 1, 429: 1 }, body: { text: '{{uuid}}' }, faults }
  const runs = []
  for (const seed of [1, 1, 2]) {
    const backend = await openBackend(t, { seed, profile: { endpoints: { 'GET /x': endpoint } } })
    const seen = []
    for (let i = 0; i < 40; i++) {
      const answer = await seenOf(`${backend.url}/x`)
      seen.push(typeof answer === 'string' ? answer : `${answer.status} ${answer.body}`)
    }
    runs.push(seen)
  }
  assert.deepEqual(runs[0], runs[1])
  assert.notDeepEqual(runs[0], runs[2])
})

test('in a storm of all faults each request ends in exactly one way', async (t) => {
  const faults = { notJson: 0.1, resetBeforeHead: 0.1, resetMidBody: 0.1, hangAfterAccept: 0.1, hangAfterHead: 0.1 }
  const endpoint: EndpointInput = {
    latency: { kind: 'uniform', minMs: 0, maxMs: 60 },
    status: { 200: 3, 500: 1 },
    body,
    faults,
    slowBody: { share: 0.2, spreadMs: 20, chunks: 3 },
  }
  const clock = new VirtualClock()
  const backend = await openBackend(t, { clock, seed: 11, profile: { endpoints: { 'GET /x': endpoint } } })
  const abort = new AbortController()
  const seen = Array.from({ length: 400 }, () => seenOf(`${backend.url}/x`, { signal: abort.signal }))
  const answered = (): number => Object.values(backend.stats().answers).reduce((sum, part) => sum + part, 0)
  await until('all have arrived', () => backend.stats().requests === 400)
  await until('only those that hang are left', () => {
    clock.advance(10)
    return clock.pending === 0 && answered() > 100
  })
  abort.abort()
  await Promise.all(seen)
  await until('all are over', () => backend.stats().inFlight === 0)
  const { requests, aborted, reset, cut } = backend.stats()
  assert.equal(aborted + reset + cut + answered(), requests)
  assert.ok(aborted > 0 && reset > 0 && cut === 0, JSON.stringify(backend.stats()))
})
