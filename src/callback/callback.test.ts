import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Asked, type CallbackScene, type CallbackSceneOptions, callbackScene } from '../../test/kit/callbacks.ts'
import { codeOf, failureOf, responseOf, textOf } from '../../test/kit/calls.ts'
import { abortCodes, atTarget, hang } from '../../test/kit/layers.ts'
import type { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { type FailureCode, failure } from '../core/failure.ts'
import { headerValue } from '../core/headers.ts'
import type { Layer } from '../core/service.ts'
import { ActiveBudget } from '../kit/budgets.ts'
import { seededRandom } from '../kit/random.ts'
import { attemptTimeout } from '../layers/attempt-timeout/attempt-timeout.ts'
import { retryOptions } from '../layers/retry/options.ts'
import { retry } from '../layers/retry/retry.ts'

const acknowledged = { afterMs: 10, status: 202 }

function ended({ events }: Asked): readonly string[] {
  return events.flatMap((event) => (event.type === 'waiter.ended' ? [`${event.as} ${event.waitedMs}`] : []))
}

/** Nobody waits, and the only timer left is the check for expired results. */
function assertLeft({ callbacks, kept, clock, faults }: CallbackScene): void {
  callbacks.close()
  kept.close()
  assert.deepEqual([callbacks.waiters.count, clock.pendingCount, faults], [0, 0, []])
}

function ticketOf(asked: Asked): string {
  const { outcome } = asked.answer
  const ticket = outcome?.ok === true ? headerValue(outcome.response.headers, 'location') : failureOf(outcome).ticket
  assert.match(ticket ?? '', /^\/_hedgerow\/tickets\/[\w-]{56}$/)
  return ticket as string
}

async function at(scene: CallbackScene, ticket: string): Promise<string> {
  const fetched = scene.fetch(ticket)
  await scene.clock.advance(0)
  const { outcome } = fetched.answer
  if (outcome?.ok === false) return outcome.failure.code
  const { status } = responseOf(outcome)
  return status >= 400 ? codeIn(textOf(outcome)) : `${status} ${textOf(outcome).trim()}`
}

function codeIn(problem: string): string {
  return (JSON.parse(problem) as { readonly code: string }).code
}

const running = '202 {"status":"running"}'

describe('callback', () => {
  it('holds its client from the acknowledgement until the callback', async () => {
    const scene = callbackScene({ script: [acknowledged] })
    const asked = scene.send()
    await scene.clock.advance(10)
    assert.deepEqual([asked.answer.outcome, scene.callbacks.waiters.list(1)[0]?.state], [undefined, 'acknowledged'])
    await scene.clock.advance(2000)
    scene.post(scene.urlOf(0), 'result')
    await scene.clock.advance(0)
    assert.deepEqual([textOf(asked.answer.outcome), asked.answer.settledMs], ['result', 2010])
    assert.deepEqual(ended(asked), ['answered 2010'])
    assertLeft(scene)
  })

  it('registers the waiter before calling the backend, as its callback may arrive first', async () => {
    let posted: Asked | undefined
    const scene: CallbackScene = callbackScene({
      inner: () => (next) => (request, call) => {
        posted = scene.post(headerValue(request.headers, 'x-callback-url') ?? '', 'early')
        return next(request, call)
      },
    })
    const asked = scene.send()
    await scene.clock.advance(0)
    assert.equal(textOf(asked.answer.outcome), 'early')
    assert.equal(textOf(posted?.answer.outcome), '{"status":"answered"}\n')
  })

  for (const [what, end] of [
    ['an acknowledgement', (scene: CallbackScene) => scene.upstream.seen[0]?.answer(202)],
    ['a refusal', (scene: CallbackScene) => scene.upstream.seen[0]?.answer(500, 'oops')],
    ['a failure', (scene: CallbackScene) => scene.upstream.seen[0]?.fail('UPSTREAM_RESET')],
  ] as const) {
    it(`ignores ${what} after the callback`, async () => {
      const scene = callbackScene()
      const asked = scene.send()
      await scene.clock.advance(5)
      scene.post(scene.urlOf(0), 'result')
      await scene.clock.advance(5)
      assert.equal(textOf(asked.answer.outcome), 'result')
      // The backend may still answer: its work is done, and a closed connection would look like a failure.
      assert.deepEqual(abortCodes(scene.upstream), [undefined])
      end(scene)
      await scene.clock.advance(10)
      assert.deepEqual(ended(asked), ['answered 5'])
      assert.equal(scene.kept.ticketFigures().tickets, 0)
      assertLeft(scene)
    })
  }

  for (const [script, code, detail] of [
    [{ afterMs: 10, status: 400, body: 'Delay is not a number' }, 'UPSTREAM_STATUS', 'Delay is not a number'],
    [
      { afterMs: 10, status: 503, body: '{"detail":"busy"}', headers: ['content-type', 'application/json'] },
      'UPSTREAM_STATUS',
      'busy',
    ],
    [{ afterMs: 10, status: 302, body: '' }, 'UPSTREAM_STATUS', 'status 302'],
    [{ afterMs: 10, status: 400, bodyAfterMs: 50, body: 'slow words' }, 'UPSTREAM_STATUS', 'slow words'],
    [{ afterMs: 10, status: 400, bodyAfterMs: 50, bodyFails: 'UPSTREAM_RESET' }, 'UPSTREAM_STATUS', 'status 400'],
    [{ afterMs: 10, fails: 'UPSTREAM_REFUSED' }, 'UPSTREAM_REFUSED', 'fake UPSTREAM_REFUSED'],
    [{ afterMs: 10, fails: 'UPSTREAM_RESET' }, 'UPSTREAM_RESET', 'fake UPSTREAM_RESET'],
  ] as const) {
    it(`reports a failed backend to its client at once: ${JSON.stringify(script)}`, async () => {
      const scene = callbackScene({ script: [script] })
      const asked = scene.send()
      await scene.clock.advance(60)
      const reason = failureOf(asked.answer.outcome)
      assert.deepEqual([reason.code, reason.detail, reason.ticket], [code, `Backend failed with: ${detail}`, undefined])
      assert.match(ended(asked)[0] ?? '', /^refused \d+$/)
      const posted = scene.post(scene.urlOf(0))
      await scene.clock.advance(0)
      assert.equal(textOf(posted.answer.outcome), '{"status":"repeated"}\n')
      assertLeft(scene)
    })
  }

  it('gives the client a ticket if the backend acknowledged too late, as it may have taken the work', async () => {
    const scene = callbackScene({ script: [{ afterMs: 10, fails: 'UPSTREAM_TIMEOUT' }] })
    const asked = scene.send()
    await scene.clock.advance(10)
    assert.equal(codeOf(asked.answer.outcome), 'UPSTREAM_TIMEOUT')
    scene.post(scene.urlOf(0), 'late')
    assert.equal(await at(scene, ticketOf(asked)), '200 late')
    assertLeft(scene)
  })

  it('takes the statuses of the route for an acknowledgement', async () => {
    for (const [status, code] of [
      [202, undefined],
      [200, 'UPSTREAM_STATUS'],
      [303, undefined],
    ] as const) {
      const scene = callbackScene({ script: [{ afterMs: 0, status }], route: { success: { status: [202, 303] } } })
      const asked = scene.send()
      await scene.clock.advance(1)
      assert.equal(codeOf(asked.answer.outcome), code, String(status))
    }
  })

  it('does not wait for the body of an acknowledgement', async () => {
    const scene = callbackScene({ script: [{ afterMs: 10, status: 202, bodyAfterMs: 60_000 }] })
    scene.send()
    await scene.clock.advance(10)
    assert.equal(scene.upstream.seen[0]?.discarded, true)
  })

  it('calls no backend if the request has no position for the token', async () => {
    const scene = callbackScene({ route: { send: { url: 'json:/cb' } } })
    const asked = scene.send({ method: 'POST', body: Buffer.from('[]') })
    await scene.clock.advance(0)
    assert.deepEqual([codeOf(asked.answer.outcome), scene.upstream.seen.length], ['BAD_REQUEST', 0])
    assertLeft(scene)
  })

  it('logs a bug and frees its client', async () => {
    const scene = callbackScene({ inner: () => () => () => Promise.reject(new Error('a bug')) })
    const asked = scene.send()
    await scene.clock.advance(0)
    assert.equal(codeOf(asked.answer.outcome), 'INTERNAL')
    assert.deepEqual(scene.faults.splice(0).map(String), ['Error: a bug'])
    assertLeft(scene)
  })
})

describe('the deadline of a callback', () => {
  it('gives a ticket, at which the result will appear', async () => {
    const scene = callbackScene({ script: [acknowledged] })
    const asked = scene.send()
    await scene.clock.advance(5000)
    assert.deepEqual([codeOf(asked.answer.outcome), asked.answer.settledMs], ['DEADLINE', 5000])
    assert.deepEqual(ended(asked), ['timedOut 5000'])
    const ticket = ticketOf(asked)
    assert.equal(await at(scene, ticket), running)
    const posted = scene.post(scene.urlOf(0), 'late')
    await scene.clock.advance(0)
    assert.equal(responseOf(posted.answer.outcome).status, 202)
    assert.equal(await at(scene, ticket), '200 late')
    assertLeft(scene)
  })

  it('aborts a backend that has not acknowledged, but still accepts its result', async () => {
    const scene = callbackScene({ script: [hang] })
    const asked = scene.send()
    await scene.clock.advance(5000)
    assert.deepEqual(abortCodes(scene.upstream), ['DEADLINE'])
    const ticket = ticketOf(asked)
    assert.equal(await at(scene, ticket), running)
    scene.post(scene.urlOf(0), 'late')
    assert.equal(await at(scene, ticket), '200 late')
    assertLeft(scene)
  })

  it('leaves the client the answer if the callback arrives at the last moment', async () => {
    const scene = callbackScene({ script: [acknowledged] })
    const asked = scene.send()
    await scene.clock.advance(4999)
    scene.post(scene.urlOf(0), 'in time')
    await scene.clock.advance(1)
    assert.equal(textOf(asked.answer.outcome), 'in time')
  })

  it('gives no ticket if results are not kept', async () => {
    const scene = callbackScene({ script: [acknowledged], shared: { keepMs: 0 } })
    const asked = scene.send({ headers: ['prefer', 'wait=1, respond-async'] })
    await scene.clock.advance(4999)
    assert.equal(asked.answer.outcome, undefined)
    await scene.clock.advance(1)
    assert.equal(failureOf(asked.answer.outcome).ticket, undefined)
    assertLeft(scene)
  })

  it('may come from the client, and covers the callback too', async () => {
    const scene = callbackScene({ script: [acknowledged], deadline: { from: { query: 'timeout' } } })
    const asked = scene.send({ query: 'timeout=70' })
    await scene.clock.advance(70)
    assert.deepEqual([codeOf(asked.answer.outcome), asked.answer.settledMs], ['DEADLINE', 70])
  })
})

describe('a client that disconnects', () => {
  it('is forgotten, its backend call aborted, and its callback a repeat', async () => {
    const scene = callbackScene({ script: [hang] })
    const asked = scene.send()
    await scene.clock.advance(100)
    asked.call.abort(failure('CLIENT_GONE', 'gone'))
    await scene.clock.advance(0)
    assert.deepEqual(abortCodes(scene.upstream), ['CLIENT_GONE'])
    assert.deepEqual([codeOf(asked.answer.outcome), ended(asked)], ['CLIENT_GONE', ['gone 100']])
    const posted = scene.post(scene.urlOf(0))
    await scene.clock.advance(0)
    assert.equal(textOf(posted.answer.outcome), '{"status":"repeated"}\n')
    assertLeft(scene)
  })

  it('leaves nothing behind if its backend was not called yet', async () => {
    const scene = callbackScene({
      inner: () => (next) => (request, call) => next(request, call),
    })
    const asked = scene.send()
    asked.call.abort(failure('CLIENT_GONE', 'gone'))
    await scene.clock.advance(1)
    assert.equal(codeOf(asked.answer.outcome), 'CLIENT_GONE')
    assertLeft(scene)
  })

  it('triggers no listener of the wait after its answer', async () => {
    const listeners = new Set<unknown>()
    const watched: Layer = (next) => (request, call) => {
      const { scope } = call
      const { add, remove } = scope
      scope.add = (listener) => {
        listeners.add(listener)
        add.call(scope, listener)
      }
      scope.remove = (listener) => {
        listeners.delete(listener)
        remove.call(scope, listener)
      }
      return next(request, call)
    }
    const scene = callbackScene({ script: [acknowledged], outer: watched })
    scene.send()
    await scene.clock.advance(20)
    assert.equal(listeners.size, 1)
    scene.post(scene.urlOf(0))
    await scene.clock.advance(0)
    assert.equal(listeners.size, 0)
  })

  it('loses no result if it has a ticket', async () => {
    const scene = callbackScene({ script: [{ afterMs: 100, status: 202 }] })
    const asked = scene.send({ headers: ['prefer', 'respond-async'] })
    await scene.clock.advance(0)
    const ticket = ticketOf(asked)
    asked.call.abort(failure('CLIENT_GONE', 'gone'))
    await scene.clock.advance(200)
    assert.deepEqual(abortCodes(scene.upstream), [undefined])
    scene.post(scene.urlOf(0), 'late')
    assert.equal(await at(scene, ticket), '200 late')
    assertLeft(scene)
  })
})

describe('a client that prefers', () => {
  async function preferring(preference: string, options: CallbackSceneOptions = {}) {
    const scene = callbackScene({ script: [acknowledged], ...options })
    const asked = scene.send({ headers: ['Prefer', preference] })
    await scene.clock.advance(10_000)
    return { scene, asked }
  }

  for (const [preference, settledMs, applied] of [
    ['respond-async', 0, 'respond-async'],
    ['respond-async, wait=0', 0, 'respond-async, wait=0'],
    ['respond-async, wait=2', 2000, 'respond-async, wait=2'],
  ] as const) {
    it(`${preference} gets 202 and its ticket after ${settledMs} ms`, async () => {
      const { scene, asked } = await preferring(preference)
      const { outcome } = asked.answer
      const { status, headers } = responseOf(outcome)
      const ticket = ticketOf(asked)
      assert.deepEqual([status, asked.answer.settledMs], [202, settledMs])
      assert.deepEqual(JSON.parse(textOf(outcome)), { status: 'running', ticket })
      assert.equal(headerValue(headers, 'preference-applied'), applied)
      assert.equal(headerValue(headers, 'cache-control'), 'no-store')
      scene.post(scene.urlOf(0), 'late')
      assert.equal(await at(scene, ticket), '200 late')
      assertLeft(scene)
    })
  }

  for (const [preference, settledMs] of [
    ['wait=0', 0],
    ['wait=2', 2000],
  ] as const) {
    it(`${preference} gets its own failure code, with a ticket, after ${settledMs} ms`, async () => {
      const { scene, asked } = await preferring(preference)
      const { code, detail, headers } = failureOf(asked.answer.outcome)
      assert.deepEqual([code, asked.answer.settledMs], ['WAIT_OVER', settledMs])
      assert.equal(detail, `No result within the ${settledMs / 1000} s that the client agreed to wait (Prefer: wait)`)
      assert.deepEqual(headers, ['preference-applied', preference])
      const ticket = ticketOf(asked)
      scene.post(scene.urlOf(0), 'late')
      assert.equal(await at(scene, ticket), '200 late')
      assertLeft(scene)
    })
  }

  for (const preference of ['wait=5', 'wait=60', 'wait=999999999', 'wait=soon', 'handling=strict']) {
    it(`${preference} waits until the deadline`, async () => {
      const { scene, asked } = await preferring(preference)
      const { code, headers } = failureOf(asked.answer.outcome)
      assert.deepEqual([code, headers, asked.answer.settledMs], ['DEADLINE', undefined, 5000])
      assertLeft(scene)
    })
  }

  it('respond-async and a wait past the deadline gets 202 and its ticket at the deadline', async () => {
    const { scene, asked } = await preferring('respond-async, wait=60')
    assert.ok(asked.answer.outcome?.ok)
    assert.equal(asked.answer.outcome.response.status, 202)
    assert.equal(asked.answer.settledMs, 5000)
    assertLeft(scene)
  })

  it('a shorter wait gets its answer unchanged if the result arrives in time', async () => {
    const scene = callbackScene({ script: [acknowledged] })
    const asked = scene.send({ headers: ['prefer', 'wait=2'] })
    await scene.clock.advance(1999)
    scene.post(scene.urlOf(0), 'result')
    await scene.clock.advance(0)
    assert.equal(textOf(asked.answer.outcome), 'result')
    assert.deepEqual(ended(asked), ['answered 1999'])
    assertLeft(scene)
  })

  it('no wait at all still has its backend called, for longer than the wait', async () => {
    const scene = callbackScene({ script: [{ afterMs: 3000, status: 202 }] })
    const asked = scene.send({ headers: ['prefer', 'wait=1'] })
    await scene.clock.advance(4000)
    assert.equal(codeOf(asked.answer.outcome), 'WAIT_OVER')
    assert.deepEqual(abortCodes(scene.upstream), [undefined])
    assertLeft(scene)
  })
})

describe('a client that cannot have a ticket, as none are left', () => {
  for (const prefer of ['respond-async', 'respond-async, wait=2', 'wait=0']) {
    it(`and prefers ${prefer} gets a failure before its backend is called`, async () => {
      const scene = callbackScene({ script: [acknowledged], shared: { maxTickets: 0 } })
      const asked = scene.send({ headers: ['prefer', prefer] })
      await scene.clock.advance(0)
      assert.deepEqual([codeOf(asked.answer.outcome), ended(asked)], ['STORE_FULL', ['refused 0']])
      await scene.clock.advance(5000)
      assert.equal(scene.upstream.seen.length, 0)
      assertLeft(scene)
    })
  }

  for (const prefer of [[], ['prefer', 'wait=2']]) {
    it(`and would wait a while may have its result (${prefer[1] ?? 'no preference'})`, async () => {
      const scene = callbackScene({ script: [acknowledged], shared: { maxTickets: 0 } })
      const asked = scene.send({ headers: prefer })
      await scene.clock.advance(1000)
      scene.post(scene.urlOf(0), 'result')
      await scene.clock.advance(0)
      assert.equal(textOf(asked.answer.outcome), 'result')
      assertLeft(scene)
    })
  }
})

describe('the ticket of a client that asks for one', () => {
  const oneTicket = { script: () => acknowledged, shared: { maxTickets: 1 } }

  it('is reserved for it while it waits', async () => {
    const scene = callbackScene(oneTicket)
    const asked = scene.send({ headers: ['prefer', 'respond-async, wait=2'] })
    await scene.clock.advance(1000)
    const other = scene.send({ headers: ['prefer', 'respond-async'] })
    await scene.clock.advance(1000)
    assert.equal(codeOf(other.answer.outcome), 'STORE_FULL')
    assert.equal(responseOf(asked.answer.outcome).status, 202)
    assertLeft(scene)
  })

  for (const [what, end] of [
    ['is answered in time', (scene: CallbackScene) => scene.post(scene.urlOf(0), 'result')],
    ['is refused', (scene: CallbackScene) => scene.upstream.seen[0]?.answer(400, 'no')],
    ['disconnects', (_scene: CallbackScene, { call }: Asked) => call.abort(failure('CLIENT_GONE', 'gone'))],
  ] as const) {
    it(`is free for another client as soon as its client ${what}`, async () => {
      const scene = callbackScene({ shared: { maxTickets: 1 } })
      const asked = scene.send({ headers: ['prefer', 'respond-async, wait=2'] })
      await scene.clock.advance(1000)
      end(scene, asked)
      await scene.clock.advance(0)
      const other = scene.send({ headers: ['prefer', 'respond-async'] })
      await scene.clock.advance(0)
      assert.equal(responseOf(other.answer.outcome).status, 202)
      const posted = scene.post(scene.urlOf(0), 'again')
      await scene.clock.advance(0)
      assert.equal(textOf(posted.answer.outcome), '{"status":"repeated"}\n')
    })
  }
})

describe('a backend that fails after its client has a ticket', () => {
  for (const [code, seen] of [
    ['UPSTREAM_REFUSED', 'UPSTREAM_REFUSED'],
    ['UPSTREAM_RESET', 'UPSTREAM_RESET'],
    // The backend may have taken the work.
    ['UPSTREAM_TIMEOUT', running],
  ] as const satisfies readonly (readonly [FailureCode, string])[]) {
    it(`with ${code} leaves at the ticket: ${seen}`, async () => {
      const scene = callbackScene({ script: [{ afterMs: 100, fails: code }] })
      const asked = scene.send({ headers: ['prefer', 'respond-async'] })
      await scene.clock.advance(200)
      assert.equal(await at(scene, ticketOf(asked)), seen)
      assertLeft(scene)
    })
  }

  it('may still post its result if it did not acknowledge in time', async () => {
    const inner = (clock: VirtualClock): Layer => atTarget(attemptTimeout(1000, clock))
    const scene = callbackScene({ script: [hang], inner })
    const asked = scene.send({ headers: ['prefer', 'respond-async'] })
    await scene.clock.advance(2000)
    assert.deepEqual(abortCodes(scene.upstream), ['UPSTREAM_TIMEOUT'])
    scene.post(scene.urlOf(0), 'late')
    assert.equal(await at(scene, ticketOf(asked)), '200 late')
  })

  it('leaves its message at the ticket if it answers with an error status', async () => {
    const scene = callbackScene({ script: [{ afterMs: 100, status: 400, body: 'no' }] })
    const asked = scene.send({ headers: ['prefer', 'respond-async'] })
    await scene.clock.advance(200)
    assert.equal(await at(scene, ticketOf(asked)), 'UPSTREAM_STATUS')
    const posted = scene.post(scene.urlOf(0), 'late')
    await scene.clock.advance(0)
    assert.equal(textOf(posted.answer.outcome), '{"status":"repeated"}\n')
  })

  it('does not replace a result that arrived before', async () => {
    const scene = callbackScene()
    const asked = scene.send({ headers: ['prefer', 'respond-async'] })
    await scene.clock.advance(10)
    scene.post(scene.urlOf(0), 'late')
    await scene.clock.advance(10)
    scene.upstream.seen[0]?.fail('UPSTREAM_RESET')
    assert.equal(await at(scene, ticketOf(asked)), '200 late')
  })
})

/** Adds each exchange to the attempts of its call, as the layer that chooses the target does. */
const listed: Layer = (next) => async (request, call) => {
  const attempt = call.begin({ upstream: 'work', name: 't', origin: '', authority: '', basePath: '', weight: 1 })
  const outcome = await next(request, call)
  attempt.endedMs = call.elapsedMs()
  return outcome
}

describe('retry behind a callback', () => {
  const inner = (clock: VirtualClock): Layer =>
    retry(retryOptions.parse({ attempts: 3 }), {
      clock,
      random: seededRandom(1),
      budget: new ActiveBudget({ share: 1, floor: 10 }),
      statusCounts: (status) => status < 300,
    })

  it('sends the same callback again, and keeps waiting', async () => {
    const refused = { afterMs: 10, fails: 'UPSTREAM_REFUSED' } as const
    const scene = callbackScene({ script: [refused, { afterMs: 10, status: 503 }, acknowledged], inner })
    const asked = scene.send()
    await scene.clock.advance(2000)
    assert.deepEqual(new Set([0, 1, 2].map(scene.urlOf)).size, 1)
    assert.equal(scene.callbacks.waiters.list(1)[0]?.state, 'acknowledged')
    scene.post(scene.urlOf(0), 'result')
    await scene.clock.advance(0)
    assert.equal(textOf(asked.answer.outcome), 'result')
    assertLeft(scene)
  })

  it('does not retry once the callback has arrived', async () => {
    const scene = callbackScene({ script: [{ afterMs: 100, fails: 'UPSTREAM_RESET' }, hang], inner })
    scene.send()
    await scene.clock.advance(50)
    scene.post(scene.urlOf(0), 'result')
    await scene.clock.advance(4000)
    assert.equal(scene.upstream.seen.length, 1)
    assertLeft(scene)
  })

  for (const prefer of ['respond-async', 'wait=0', 'respond-async, wait=1']) {
    it(`still retries once its client has a ticket (${prefer})`, async () => {
      const refused = { afterMs: 1100, fails: 'UPSTREAM_REFUSED' } as const
      const scene = callbackScene({ script: [refused, { afterMs: 10, status: 503 }, acknowledged], inner })
      const asked = scene.send({ headers: ['prefer', prefer] })
      await scene.clock.advance(4000)
      assert.equal(scene.upstream.seen.length, 3)
      const ticket = ticketOf(asked)
      assert.equal(await at(scene, ticket), running)
      scene.post(scene.urlOf(0), 'late')
      assert.equal(await at(scene, ticket), '200 late')
      assertLeft(scene)
    })

    it(`does not retry once the result is kept at the ticket (${prefer})`, async () => {
      const scene = callbackScene({ script: [{ afterMs: 1500, fails: 'UPSTREAM_RESET' }, acknowledged], inner })
      scene.send({ headers: ['prefer', prefer] })
      await scene.clock.advance(1200)
      scene.post(scene.urlOf(0), 'late')
      await scene.clock.advance(4000)
      assert.equal(scene.upstream.seen.length, 1)
      assertLeft(scene)
    })
  }

  for (const prefer of [[], ['prefer', 'respond-async']]) {
    it(`does not retry if the result arrives during the backoff (${prefer[1] ?? 'its client waits'})`, async () => {
      const script = [{ afterMs: 10, fails: 'UPSTREAM_REFUSED' } as const, acknowledged]
      const scene = callbackScene({ script, inner: (clock) => (next) => inner(clock)(listed(next)) })
      scene.send({ headers: prefer })
      await scene.clock.advance(10)
      assert.equal(scene.upstream.seen.length, 1)
      scene.post(scene.urlOf(0), 'result')
      await scene.clock.advance(4000)
      assert.equal(scene.upstream.seen.length, 1)
      assertLeft(scene)
    })
  }

  it('retries for a client with a ticket until the deadline at most', async () => {
    const busy = { afterMs: 10, fails: 'UPSTREAM_REFUSED', retryAfterMs: 2600 } as const
    const scene = callbackScene({ script: () => busy, inner })
    const asked = scene.send({ headers: ['prefer', 'respond-async'] })
    await scene.clock.advance(20_000)
    assert.equal(scene.upstream.seen.length, 2)
    assert.equal(await at(scene, ticketOf(asked)), 'UPSTREAM_REFUSED')
    assertLeft(scene)
  })

  it('ends with the last failure, and at the deadline', async () => {
    const scene = callbackScene({ script: () => ({ afterMs: 10, fails: 'UPSTREAM_REFUSED' }), inner })
    const asked = scene.send()
    await scene.clock.advance(4000)
    assert.deepEqual([codeOf(asked.answer.outcome), scene.upstream.seen.length], ['UPSTREAM_REFUSED', 3])
    assertLeft(scene)
    const slow = callbackScene({ script: [{ afterMs: 100, fails: 'UPSTREAM_REFUSED' }, hang], inner })
    const late = slow.send()
    await slow.clock.advance(20_000)
    assert.deepEqual([codeOf(late.answer.outcome), late.answer.settledMs], ['DEADLINE', 5000])
    assert.deepEqual(abortCodes(slow.upstream), [undefined, 'DEADLINE'])
    assertLeft(slow)
  })
})
