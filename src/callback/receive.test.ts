import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { problemOf } from '../../test/kit/ask.ts'
import {
  type Asked,
  type CallbackScene,
  type CallbackSceneOptions,
  callbackScene,
  someKey,
} from '../../test/kit/callbacks.ts'
import { codeOf, failureOf, responseOf, textOf } from '../../test/kit/calls.ts'
import { streamsSettled } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { headerValue } from '../core/headers.ts'
import { memoryTickets } from '../store/memory-tickets.ts'
import { type CallbackPeers, callbackReceiver } from './take-callback.ts'
import { callbackAt, Signer } from './token.ts'

const receiverUrl = 'http://gateway:8080/_hedgerow/callbacks'

function saidTo({ answer }: Asked): readonly [number, string] {
  return [responseOf(answer.outcome).status, textOf(answer.outcome)]
}

function verdictsOf({ events }: Asked): readonly string[] {
  return events.flatMap((event) => (event.type === 'callback.received' ? [event.verdict] : []))
}

/** A callback whose client has a ticket. */
async function late(scene: CallbackScene): Promise<{ readonly url: string; readonly ticket: string }> {
  const asked = scene.send({ headers: ['prefer', 'respond-async'] })
  await scene.clock.advance(0)
  const ticket = headerValue(responseOf(asked.answer.outcome).headers, 'location') ?? ''
  return { url: scene.urlOf(scene.upstream.seen.length - 1), ticket }
}

describe('a callback', () => {
  it('answers the waiting client, and reports that to the backend', async () => {
    const scene = callbackScene()
    const { answer } = scene.send()
    const posted = scene.post(scene.urlOf(0), 'its result', ['x-other', '1'])
    await scene.clock.advance(0)
    const { status, headers, body } = responseOf(answer.outcome)
    assert.deepEqual(
      [status, headers, Buffer.from(body as Uint8Array).toString()],
      [200, ['content-type', 'application/json', 'cache-control', 'no-store'], 'its result'],
    )
    assert.deepEqual(saidTo(posted), [200, '{"status":"answered"}\n'])
    assert.deepEqual(verdictsOf(posted), ['answered'])
  })

  it('may be empty', async () => {
    const scene = callbackScene()
    const { answer } = scene.send()
    const { pathname, search } = new URL(scene.urlOf(0))
    assert.equal(pathname, '/_hedgerow/callbacks')
    assert.match(search, /^\?callback=[\w-]{56}$/)
    scene.post(scene.urlOf(0), '')
    await scene.clock.advance(0)
    assert.equal(textOf(answer.outcome), '')
  })

  it('is a repeat the second time', async () => {
    const scene = callbackScene()
    const { answer } = scene.send()
    const posts = ['first', 'second'].map((body) => scene.post(scene.urlOf(0), body))
    await scene.clock.advance(0)
    posts.push(scene.post(scene.urlOf(0), 'third'))
    await scene.clock.advance(0)
    assert.deepEqual(posts.flatMap(verdictsOf), ['answered', 'repeated', 'repeated'])
    assert.deepEqual(
      posts.map((post) => saidTo(post)[0]),
      [200, 200, 200],
    )
    assert.equal(textOf(answer.outcome), 'first')
  })

  it('is kept for a client with a ticket, the first time only', async () => {
    const scene = callbackScene()
    const { url, ticket } = await late(scene)
    const posts = ['first', 'second'].map((body) => scene.post(url, body))
    await scene.clock.advance(0)
    assert.deepEqual(posts.map(saidTo), [
      [202, '{"status":"kept"}\n'],
      [200, '{"status":"repeated"}\n'],
    ])
    const fetched = scene.fetch(ticket)
    await scene.clock.advance(0)
    assert.deepEqual(saidTo(fetched), [200, 'first'])
  })

  it('of an unknown call is still kept, as an earlier run may have given a ticket', async () => {
    const scene = callbackScene()
    const signer = new Signer(() => [someKey])
    const token = signer.token(signer.issue(false, scene.clock.wallNow() + 1000), callbackAt('/_hedgerow/callbacks'))
    const posted = scene.post(`http://gateway:8080/_hedgerow/callbacks?callback=${token}`)
    await scene.clock.advance(0)
    assert.deepEqual(verdictsOf(posted), ['kept'])
  })

  it('is refused when forged, for any reason, without reading its body', async () => {
    const scene = callbackScene()
    scene.send()
    const url = scene.urlOf(0)
    const end = url.endsWith('A') ? 'B' : 'A'
    const { ticket } = await late(scene)
    const unsigned = 'The callback was not signed by this gateway'
    const missing = 'The callback does not say which call it answers: nothing was found at query:callback'
    for (const [forged, told] of [
      [`${url.slice(0, -1)}${end}`, unsigned],
      [`${url}x`, unsigned],
      [url.replace('callback=', 'Callback='), missing],
      [url.replace(/\?.*/, ''), missing],
      [url.replace(/=.*/, `=${ticket.split('/').at(-1)}`), unsigned],
    ] as const) {
      const body = new Readable({ read: () => assert.fail('it is read') })
      const posted = scene.post(forged, body)
      await scene.clock.advance(0)
      const { code, detail } = failureOf(posted.answer.outcome)
      assert.deepEqual([code, detail], ['CALLBACK_REFUSED', told])
      assert.deepEqual(verdictsOf(posted), ['forged'])
    }
    assert.equal(scene.callbacks.waiters.count, 1)
  })

  it('is refused when its token has expired', async () => {
    const scene = callbackScene()
    scene.send()
    await scene.clock.advance(605_000)
    const posted = scene.post(scene.urlOf(0))
    await scene.clock.advance(0)
    assert.deepEqual(verdictsOf(posted), ['expired'])
    assert.equal(failureOf(posted.answer.outcome).detail, 'The callback has expired')
  })

  it('gets 200 and is dropped, as long as a backend may post it, if results are not kept', async () => {
    const scene = callbackScene({ shared: { keepMs: 0 } })
    const { answer } = scene.send()
    await scene.clock.advance(5000)
    assert.equal(failureOf(answer.outcome).ticket, undefined)
    for (let n = 0; n < 10; n++) {
      const posted = scene.post(scene.urlOf(0))
      await scene.clock.advance(10_000)
      assert.deepEqual(verdictsOf(posted), ['dropped'])
      assert.equal(saidTo(posted)[0], 200)
    }
  })

  it('gets 503 and may be posted again while the store is full', async () => {
    const memory = memoryTickets({ maxTickets: 1, maxBytes: 1000 })
    const scene = callbackScene({ shared: { memory, keepMs: 20_000 } })
    const first = await late(scene)
    scene.post(first.url)
    await scene.clock.advance(15_000)
    const second = await late(scene)
    const refused = scene.post(second.url, 'wanted')
    await scene.clock.advance(15_000)
    assert.equal(codeOf(refused.answer.outcome), 'STORE_FULL')
    assert.deepEqual(verdictsOf(refused), ['refused'])
    const again = scene.post(second.url, 'wanted')
    const fetched = scene.fetch(second.ticket)
    await scene.clock.advance(0)
    assert.deepEqual([verdictsOf(again), saidTo(fetched)], [['kept'], [200, 'wanted']])
  })

  for (const encoding of ['gzip', 'GZIP', 'br, gzip']) {
    it(`is refused with Content-Encoding "${encoding}", and fails its call, as a retry would not differ`, async () => {
      const scene = callbackScene()
      const { answer } = scene.send()
      const posted = scene.post(scene.urlOf(0), 'x', ['Content-Encoding', encoding])
      await scene.clock.advance(0)
      assert.equal(codeOf(posted.answer.outcome), 'BAD_REQUEST')
      assert.equal(codeOf(answer.outcome), 'UPSTREAM_INVALID')
      assert.deepEqual(verdictsOf(posted), ['refused'])
    })
  }

  it('may declare its body as unencoded', async () => {
    const scene = callbackScene()
    const { answer } = scene.send()
    scene.post(scene.urlOf(0), 'x', ['content-encoding', 'Identity'])
    await scene.clock.advance(0)
    assert.equal(textOf(answer.outcome), 'x')
  })
})

describe('a callback that is too large', () => {
  for (const isDeclared of [true, false]) {
    const what = isDeclared ? 'by its declared length' : 'by its actual length'
    const large = (): [Readable, string[]] => [
      Readable.from([Buffer.alloc(8), Buffer.alloc(8)]),
      isDeclared ? ['content-length', '16'] : [],
    ]

    it(`fails its call at once, judged ${what}`, async () => {
      const scene = callbackScene({ maxBytes: 10 })
      const { answer } = scene.send()
      const posted = scene.post(scene.urlOf(0), ...large())
      await streamsSettled()
      assert.equal(codeOf(posted.answer.outcome), 'BODY_TOO_LARGE')
      const { code, detail } = failureOf(answer.outcome)
      assert.deepEqual([code, detail], ['UPSTREAM_INVALID', 'The callback is larger than 10 bytes'])
    })

    it(`is reported at its client's ticket, judged ${what}`, async () => {
      const scene = callbackScene({ maxBytes: 10 })
      const { url, ticket } = await late(scene)
      scene.post(url, ...large())
      await streamsSettled()
      const fetched = scene.fetch(ticket)
      await scene.clock.advance(0)
      const { code, detail } = problemOf({ body: textOf(fetched.answer.outcome) })
      assert.deepEqual([code, detail], ['UPSTREAM_INVALID', 'The callback is larger than 10 bytes'])
    })
  }

  it("is judged by the limit of its call's route, whatever others allow at the same path", async () => {
    for (const isWhole of [true, false]) {
      const scene = callbackScene({ maxBytes: 10, maxAtPath: 1000 })
      const { answer } = scene.send()
      const body = Buffer.alloc(20)
      const posted = scene.post(scene.urlOf(0), isWhole ? body : Readable.from([body]))
      await streamsSettled()
      assert.deepEqual([codeOf(posted.answer.outcome), codeOf(answer.outcome)], ['BODY_TOO_LARGE', 'UPSTREAM_INVALID'])
      assert.deepEqual(verdictsOf(posted), ['refused'])
    }
  })

  it('changes nothing for a client that has its answer', async () => {
    const scene = callbackScene({ maxBytes: 10 })
    const { answer } = scene.send()
    scene.post(scene.urlOf(0), 'good')
    await scene.clock.advance(0)
    const posted = scene.post(scene.urlOf(0), Readable.from([Buffer.alloc(16)]))
    await streamsSettled()
    assert.equal(codeOf(posted.answer.outcome), 'BODY_TOO_LARGE')
    assert.equal(textOf(answer.outcome), 'good')
    assert.equal(scene.kept.ticketFigures().tickets, 0)
  })

  it('may be exactly as large as the limit', async () => {
    const scene = callbackScene({ maxBytes: 10 })
    const { answer } = scene.send()
    scene.post(scene.urlOf(0), Readable.from([Buffer.alloc(10, 'x')]))
    await streamsSettled()
    assert.equal(textOf(answer.outcome), 'xxxxxxxxxx')
  })

  it('leaves the client waiting for another one if its sender breaks off midway', async () => {
    const scene = callbackScene()
    const { answer } = scene.send()
    const body = new Readable({ read: () => {} })
    const posted = scene.post(scene.urlOf(0), body)
    body.push('half')
    await streamsSettled()
    body.destroy(new Error('aborted'))
    await streamsSettled()
    assert.equal(codeOf(posted.answer.outcome), 'CLIENT_GONE')
    assert.deepEqual(verdictsOf(posted), [])
    scene.post(scene.urlOf(0), 'whole')
    await scene.clock.advance(0)
    assert.equal(textOf(answer.outcome), 'whole')
  })
})

describe('the status that a callback sets', () => {
  const route = { receive: { status: { header: 'X-Status', allow: ['200-299', 404] } } }

  for (const [named, status] of [
    ['201', 201],
    ['404', 404],
    [undefined, 200],
  ] as const) {
    it(`is the client's, ${named ?? 'none is 200'}`, async () => {
      const scene = callbackScene({ route })
      const { answer } = scene.send()
      scene.post(scene.urlOf(0), 'x', named === undefined ? [] : ['x-status', named])
      await scene.clock.advance(0)
      assert.equal(responseOf(answer.outcome).status, status)
    })
  }

  for (const named of ['500', '100', '99', '600', '', ' 200', '200.0', '2e2', '200, 404', 'x'.repeat(100)]) {
    it(`fails the call if it is ${JSON.stringify(named.slice(0, 30))}, and the backend need not retry`, async () => {
      const scene = callbackScene({ route })
      const { answer } = scene.send()
      const posted = scene.post(scene.urlOf(0), 'x', ['x-status', named])
      await scene.clock.advance(0)
      const { code, detail } = failureOf(answer.outcome)
      const shown = JSON.stringify(named.slice(0, 20))
      assert.deepEqual(
        [code, detail],
        ['UPSTREAM_INVALID', `The callback sets the status ${shown}, which this route does not allow`],
      )
      assert.deepEqual(saidTo(posted)[0], 200)
    })
  }

  for (const named of ['204', '205']) {
    it(`leaves no body with ${named}`, async () => {
      const scene = callbackScene({ route })
      const { answer } = scene.send()
      scene.post(scene.urlOf(0), 'x', ['x-status', named])
      await scene.clock.advance(0)
      const { status, body, headers } = responseOf(answer.outcome)
      assert.deepEqual([status, body, headers], [Number(named), undefined, ['cache-control', 'no-store']])
    })
  }

  for (const named of ['204', '205']) {
    it(`leaves no body with ${named} at the ticket either`, async () => {
      const scene = callbackScene({ route })
      const { url, ticket } = await late(scene)
      scene.post(url, 'x', ['x-status', named])
      const fetched = scene.fetch(ticket)
      await scene.clock.advance(0)
      const { status, body, headers } = responseOf(fetched.answer.outcome)
      assert.deepEqual([status, body, headers], [Number(named), undefined, ['cache-control', 'no-store']])
    })
  }

  it('appears at the ticket too, allowed or not', async () => {
    for (const named of ['404', '500']) {
      const scene = callbackScene({ route })
      const { url, ticket } = await late(scene)
      const posted = scene.post(url, 'x', ['x-status', named])
      const fetched = scene.fetch(ticket)
      await scene.clock.advance(0)
      assert.deepEqual(verdictsOf(posted), ['kept'])
      if (named === '404') assert.deepEqual(saidTo(fetched), [404, 'x'])
      else assert.equal(problemOf({ body: textOf(fetched.answer.outcome) }).code, 'UPSTREAM_INVALID')
    }
  })

  it('is ignored if the route does not configure it', async () => {
    const scene = callbackScene()
    const { answer } = scene.send()
    scene.post(scene.urlOf(0), 'x', ['x-status', '500'])
    await scene.clock.advance(0)
    assert.equal(responseOf(answer.outcome).status, 200)
  })
})

describe('a callback whose id is in its body', () => {
  const route = { send: { id: 'header:x-id' }, receive: { id: 'json:/id' } }
  const url = 'http://gateway:8080/_hedgerow/callbacks'
  const idOf = ({ upstream }: CallbackScene): string => {
    return headerValue(upstream.seen[0]?.request.headers ?? [], 'x-id') ?? ''
  }

  it('answers its client', async () => {
    const scene = callbackScene({ route })
    const { answer } = scene.send()
    const body = JSON.stringify({ id: idOf(scene), value: 1 })
    scene.post(url, Readable.from([Buffer.from(body)]))
    await streamsSettled()
    assert.equal(textOf(answer.outcome), body)
  })

  it('is forged without an id, or with another one', async () => {
    const scene = callbackScene({ route })
    scene.send()
    for (const body of [
      '{}',
      'no json',
      '',
      JSON.stringify({ id: `${idOf(scene)}x` }),
      JSON.stringify({ id: [idOf(scene)] }),
    ]) {
      const posted = scene.post(url, body)
      await scene.clock.advance(0)
      assert.deepEqual(verdictsOf(posted), ['forged'])
    }
  })

  it('is not recognized when too large: its client keeps waiting', async () => {
    const scene = callbackScene({ route, maxBytes: 100 })
    const { answer } = scene.send()
    const body = Buffer.from(JSON.stringify({ id: idOf(scene), value: 'x'.repeat(100) }))
    const posted = scene.post(url, Readable.from([body]))
    await streamsSettled()
    assert.equal(codeOf(posted.answer.outcome), 'BODY_TOO_LARGE')
    assert.deepEqual(verdictsOf(posted), ['refused'])
    assert.equal(answer.outcome, undefined)
  })
})

describe('a callback whose token another run made', () => {
  const body = '{"result":42}'

  /** Two runs with the same keys: a client waits at the first, and the callback arrives at the second. */
  function pair(route: CallbackSceneOptions['route'] = {}, maxBytes = 1000) {
    const first = callbackScene({ route, maxBytes })
    const asked: (readonly [number, string])[] = []
    const there = callbackReceiver(first.callbacks, first.clock)
    let isThere = true
    const peers: CallbackPeers = {
      pass: async (run, callback) => {
        asked.push([run, Buffer.from(callback.body ?? []).toString()])
        return isThere ? there.take(structuredClone(callback)) : undefined
      },
    }
    const second = callbackScene({ route, maxBytes, peers })
    return { first, second, asked, vanish: () => (isThere = false) }
  }

  it('answers the client that waits at the other run', async () => {
    for (const route of [{}, { send: { id: 'json:/id' }, receive: { id: 'json:/id' } }] as const) {
      const { first, second, asked } = pair(route)
      const sent = first.send({ method: 'POST', body: Buffer.from('{}') })
      await first.clock.advance(0)
      const { id } = 'send' in route ? first.sentJson(0) : { id: undefined }
      const given = id === undefined ? body : JSON.stringify({ id })
      const posted = second.post(id === undefined ? first.urlOf(0) : receiverUrl, given)
      for (let n = 0; n < 3; n++) await second.clock.advance(0)
      assert.equal(textOf(sent.answer.outcome), given)
      assert.deepEqual(saidTo(posted), [200, '{"status":"answered"}\n'])
      assert.deepEqual(asked, [[first.callbacks.signer.run, given]])
      assert.deepEqual(verdictsOf(posted), ['answered'])
    }
  })

  for (const headers of [['content-length', '16'], []]) {
    it(`fails the call there at once if it is too large (${headers[0] ?? 'of no declared length'})`, async () => {
      const { first, second } = pair({}, 10)
      const sent = first.send()
      const large = (): Readable => Readable.from([Buffer.alloc(8), Buffer.alloc(8)])
      const posted = second.post(first.urlOf(0), large(), headers)
      await streamsSettled()
      const { code, detail } = failureOf(sent.answer.outcome)
      assert.deepEqual([code, detail], ['UPSTREAM_INVALID', 'The callback is larger than 10 bytes'])
      assert.equal(codeOf(posted.answer.outcome), 'BODY_TOO_LARGE')
      const again = second.post(first.urlOf(0), large(), headers)
      await streamsSettled()
      assert.equal(codeOf(again.answer.outcome), 'BODY_TOO_LARGE')
      const kept = [first, second].map((scene) => scene.kept.ticketFigures().tickets)
      assert.deepEqual(kept, [0, 0], 'its client has been told')
    })
  }

  it('is reported at the ticket if it is too large and that run no longer exists', async () => {
    const { first, second, vanish } = pair({}, 10)
    vanish()
    const { url, ticket } = await late(first)
    second.post(url, Readable.from([Buffer.alloc(16)]))
    await streamsSettled()
    const fetched = second.fetch(ticket)
    await second.clock.advance(0)
    assert.equal(problemOf({ body: textOf(fetched.answer.outcome) }).code, 'UPSTREAM_INVALID')
  })

  it('is judged by the other run if it has expired by the local clock', async () => {
    const { first, second } = pair()
    const sent = first.send()
    const url = first.urlOf(0)
    // The second's wall clock is ahead by more than the life of a token.
    await second.clock.advance(10_000_000)
    second.post(url, body)
    await second.clock.advance(0)
    assert.equal(textOf(sent.answer.outcome), body)
  })

  it('is kept, like one of an earlier run, if that run no longer exists', async () => {
    const { first, second, asked, vanish } = pair()
    vanish()
    first.send()
    const url = first.urlOf(0)
    const posted = second.post(url, body)
    await second.clock.advance(0)
    assert.deepEqual(saidTo(posted), [202, '{"status":"kept"}\n'])
    assert.equal(asked.length, 1)
    await second.clock.advance(10_000_000)
    const late = second.post(url, body)
    await second.clock.advance(0)
    assert.equal(failureOf(late.answer.outcome).code, 'CALLBACK_REFUSED')
  })

  it('is given up when its poster leaves while the other run hangs', async () => {
    const first = callbackScene()
    const second = callbackScene({ peers: { pass: () => new Promise(() => {}) } })
    first.send()
    const { call, answer, events } = second.post(first.urlOf(0), body)
    await second.clock.advance(0)
    assert.equal(answer.outcome, undefined)
    call.abort(failure('CLIENT_GONE', 'It hung up'))
    await second.clock.advance(0)
    assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
    assert.deepEqual(events, [], 'nobody knows what became of it')
  })

  it('is taken after a jump of the wall clock only while its client waits', async () => {
    const first = callbackScene()
    const there = callbackReceiver(first.callbacks, { wallNow: () => Number.POSITIVE_INFINITY })
    const second = callbackScene({ peers: { pass: (_run, callback) => there.take(callback) } })
    const sent = first.send()
    const url = first.urlOf(0)
    const posted = second.post(url, body)
    await second.clock.advance(0)
    assert.deepEqual([textOf(sent.answer.outcome), verdictsOf(posted)], [body, ['answered']])
    const late = second.post(url, body)
    await second.clock.advance(0)
    assert.deepEqual([codeOf(late.answer.outcome), verdictsOf(late)], ['CALLBACK_REFUSED', ['expired']])
  })

  it('is repeated at a run that does not know its call', async () => {
    const { first, second } = pair()
    first.send()
    const url = first.urlOf(0)
    for (const verdict of ['answered', 'repeated']) {
      const posted = second.post(url, body)
      await second.clock.advance(0)
      assert.deepEqual(saidTo(posted), [200, `{"status":"${verdict}"}\n`])
    }
  })

  it('is not passed to another run with a forged token or one of its own', async () => {
    const { first, second, asked } = pair()
    second.send()
    second.post(second.urlOf(0), body)
    first.send()
    const forged = second.post(`${first.urlOf(0).slice(0, -3)}AAA`, body)
    await second.clock.advance(0)
    assert.equal(failureOf(forged.answer.outcome).code, 'CALLBACK_REFUSED')
    assert.deepEqual(asked, [])
  })
})
