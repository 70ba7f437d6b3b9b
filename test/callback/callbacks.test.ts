import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { callbackAt, keyOf, Signer } from '../../src/callback/token.ts'
import { ask, problemOf } from '../kit/ask.ts'
import { openCallingBack, post, ticketOf } from '../kit/calling-back.ts'
import { assertBetween, isQuiet } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

/** Callbacks over real sockets, posted by well-behaved and misbehaving backends. */

const secret = 'the key of this test, which is long enough'

describe('a callback over the wire', () => {
  it('answers the client with its body, type and 200', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open()
    const asked = ask(`${url}/work/a?x=1&x=%2f2&y`)
    const { url: seen, callbackUrl, headers } = await order(0)
    assert.equal(seen, '/work/a?x=1&x=%2f2&y')
    assert.match(callbackUrl, /^http:\/\/localhost:\d+\/_hedgerow\/callbacks\?callback=[\w-]{56}$/)
    assert.ok(Number(headers['x-request-timeout-ms']) > 4000)
    const posted = await post(callbackUrl, '<done/>', { 'content-type': 'text/xml; charset=utf-8', 'x-secret': '1' })
    assert.deepEqual([posted.status, posted.body], [200, '{"status":"answered"}\n'])
    const answer = await asked
    assert.deepEqual([answer.status, answer.body], [200, '<done/>'])
    assert.equal(answer.headers['content-type'], 'text/xml; charset=utf-8')
    assert.equal(answer.headers['x-secret'], undefined)
    assert.ok(answer.headers['x-request-id'])
  })

  it('may arrive before the backend’s own answer', async (t) => {
    const { order, open } = openCallingBack(t, false)
    const { url, gateway } = await open()
    const asked = ask(`${url}/work/a`)
    const { callbackUrl, response } = await order(0)
    assert.equal((await post(callbackUrl, '1')).body, '{"status":"answered"}\n')
    assert.equal((await asked).body, '1')
    response.writeHead(500).end('too late to say so')
    await isQuiet(gateway)
    assert.equal((await post(callbackUrl, '2')).body, '{"status":"repeated"}\n')
  })

  it('posted twice at once answers once', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open()
    const asked = ask(`${url}/work/a`)
    const { callbackUrl } = await order(0)
    const posted = await Promise.all(['first', 'second'].map((body) => post(callbackUrl, body)))
    assert.deepEqual(
      posted.map(({ status }) => status),
      [200, 200],
    )
    assert.deepEqual(posted.map(({ body }) => body).toSorted(), ['{"status":"answered"}\n', '{"status":"repeated"}\n'])
    const winner = posted[0]?.body.includes('answered') ? 'first' : 'second'
    assert.equal((await asked).body, winner)
  })

  it('after the deadline is kept for the ticket, and its repeats are accepted', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open({ routeRest: { deadline: '150ms', failures: { DEADLINE: { detail: 'Too slow.' } } } })
    const answer = await ask(`${url}/work/a`)
    const { status, detail, code } = problemOf(answer)
    assert.deepEqual([answer.status, status, detail, code], [503, 503, 'Too slow.', 'DEADLINE'])
    assertBetween(answer.ms, 145, 600, 'ms')
    const ticket = ticketOf(answer)
    assert.equal(answer.headers.link, `<${ticket}>; rel="status"`)
    assert.ok(answer.headers['retry-after'])
    const running = await ask(url + ticket)
    assert.deepEqual(
      [running.status, running.headers['retry-after'], running.body],
      [202, '1', '{"status":"running"}\n'],
    )
    const { callbackUrl } = await order(0)
    for (const [status, body] of [
      [202, 'kept'],
      [200, 'repeated'],
    ] as const) {
      const posted = await post(callbackUrl, '{"late":true}')
      assert.deepEqual([posted.status, posted.body], [status, `{"status":"${body}"}\n`])
    }
    for (let n = 0; n < 2; n++) {
      const late = await ask(url + ticket)
      assert.deepEqual(
        [late.status, late.body, late.headers['content-type']],
        [200, '{"late":true}', 'application/json'],
      )
    }
    const head = await ask(url + ticket, { method: 'HEAD' })
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '13'])
  })

  it('that is unknown but signed is kept; a forged or expired one is rejected with 403', async (t) => {
    const { open } = openCallingBack(t)
    const { url, port } = await open({ config: { callbacks: { key: secret } } })
    const signer = new Signer(() => [keyOf(secret)])
    const to = (token: string): string => `http://localhost:${port}/_hedgerow/callbacks?callback=${token}`
    const issue = signer.issue(false, Date.now() + 60_000)
    assert.equal((await post(to(signer.token(issue, callbackAt('/_hedgerow/callbacks'))), 'x')).status, 202)
    assert.equal((await ask(`${url}/_hedgerow/tickets/${signer.token(issue, 'ticket')}`)).body, 'x')
    const stranger = new Signer(() => [keyOf(`${secret}!`)])
    for (const [token, what] of [
      [signer.token(issue, 'ticket'), /was not signed by this gateway/],
      [
        stranger.token(stranger.issue(false, Date.now() + 60_000), callbackAt('/_hedgerow/callbacks')),
        /was not signed by this gateway/,
      ],
      ['', /was not signed by this gateway/],
      [signer.token(signer.issue(false, Date.now() - 1000), callbackAt('/_hedgerow/callbacks')), /has expired/],
    ] as const) {
      const posted = await post(to(token), 'x')
      const { code, detail } = problemOf(posted)
      assert.deepEqual([posted.status, code], [403, 'CALLBACK_REFUSED'])
      assert.match(detail, what)
    }
    assert.equal((await ask(to(''))).status, 405)
  })

  it('for the id of another call answers that call and no other', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open()
    const asked = []
    for (const name of ['a', 'b']) {
      asked.push(ask(`${url}/work/${name}`))
      await order(asked.length - 1)
    }
    const [a, b] = [await order(0), await order(1)]
    // Half of one URL and half of another match no call.
    const mixed = a.callbackUrl.slice(0, -20) + b.callbackUrl.slice(-20)
    assert.equal((await post(mixed, 'mixed')).status, 403)
    await post(b.callbackUrl, `for ${b.url}`)
    await post(a.callbackUrl, `for ${a.url}`)
    assert.deepEqual(
      (await Promise.all(asked)).map(({ body }) => body),
      ['for /work/a', 'for /work/b'],
    )
  })

  for (const isDeclared of [true, false]) {
    it(`with a huge body (${isDeclared ? 'declared' : 'chunked'}) gets 413, and the client 502 at once`, async (t) => {
      const { order, open } = openCallingBack(t)
      const { url } = await open({ route: { maxAnswer: '64KiB' } })
      const asked = ask(`${url}/work/a`)
      const { callbackUrl } = await order(0)
      const large = Buffer.alloc(65_537, 'x')
      const body = isDeclared ? large : Readable.from([large.subarray(0, 40_000), large.subarray(40_000)])
      const posted = await post(callbackUrl, body).catch((fault: NodeJS.ErrnoException) => fault)
      if ('status' in posted) assert.deepEqual([posted.status, problemOf(posted).code], [413, 'BODY_TOO_LARGE'])
      const answer = await asked
      const { code, detail } = problemOf(answer)
      assert.deepEqual(
        [answer.status, code, detail],
        [502, 'UPSTREAM_INVALID', 'The callback is larger than 65536 bytes'],
      )
      assertBetween(answer.ms, 0, 1500, 'ms')
    })
  }

  it('may be chunked, and as large as the limit', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open({ route: { maxAnswer: '64KiB' } })
    const asked = ask(`${url}/work/a`)
    const { callbackUrl } = await order(0)
    const parts = [Buffer.alloc(30_000, 'a'), Buffer.alloc(30_000, 'b'), Buffer.alloc(5536, 'c')]
    assert.equal((await post(callbackUrl, Readable.from(parts))).status, 200)
    assert.equal((await asked).body, Buffer.concat(parts).toString())
  })

  it('with a content coding gets 400, and the client 502 at once', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open()
    const asked = ask(`${url}/work/a`)
    const { callbackUrl } = await order(0)
    const posted = await post(callbackUrl, 'x', { 'content-encoding': 'gzip' })
    assert.deepEqual([posted.status, problemOf(posted).code], [400, 'BAD_REQUEST'])
    const answer = await asked
    assert.deepEqual([answer.status, problemOf(answer).code], [502, 'UPSTREAM_INVALID'])
    assert.equal((await post(callbackUrl, 'plain')).body, '{"status":"repeated"}\n')
  })

  it('sets the status where the route allows it, including one without a body', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open({ route: { receive: { status: { header: 'x-status', allow: ['200-299', 404] } } } })
    for (const [place, [named, status, body]] of [
      ['404', 404, 'none'],
      ['204', 204, ''],
      ['500', 502, undefined],
    ].entries() as ArrayIterator<[number, [string, number, string | undefined]]>) {
      const asked = ask(`${url}/work/a`)
      const { callbackUrl } = await order(place)
      assert.equal((await post(callbackUrl, 'none', { 'x-status': named })).status, 200)
      const answer = await asked
      assert.equal(answer.status, status)
      if (body !== undefined) assert.equal(answer.body, body)
    }
  })

  it('matches no call when its client has hung up, and the backend connection is released', async (t) => {
    const { order, open } = openCallingBack(t, false)
    const { url, gateway } = await open()
    const leaving = new AbortController()
    const asked = ask(`${url}/work/a`, { signal: leaving.signal })
    const { callbackUrl, response } = await order(0)
    leaving.abort()
    await assert.rejects(asked)
    await until('the backend is let go', () => response.destroyed)
    await isQuiet(gateway)
    assert.equal((await post(callbackUrl, 'x')).body, '{"status":"repeated"}\n')
  })

  it('does not delay a client that prefers a ticket', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open()
    const answer = await ask(`${url}/work/a`, { headers: { prefer: 'respond-async' } })
    assert.deepEqual([answer.status, answer.headers['preference-applied']], [202, 'respond-async'])
    assertBetween(answer.ms, 0, 1000, 'ms')
    const { callbackUrl } = await order(0)
    assert.equal((await post(callbackUrl, 'late')).status, 202)
    assert.equal((await ask(url + answer.headers.location)).body, 'late')
    const short = await ask(`${url}/work/b`, { headers: { prefer: 'wait=0' } })
    assert.deepEqual([short.status, short.headers['preference-applied']], [503, 'wait=0'])
  })

  it('of a client with a ticket is still requested while the gateway closes, and leaves no connection', async (t) => {
    const { orders, open } = openCallingBack(t)
    const { url, gateway } = await open()
    // Uses a kept connection: a request that fails on one is retried, but not by a closed gateway.
    for (let n = 0; n < 5; n++) await ask(`${url}/work/a`, { headers: { prefer: 'wait=0' } })
    await until('they are there', () => orders.length === 5)
    await isQuiet(gateway)
    await Promise.all([1, 2, 3].map(() => ask(`${url}/work/b`, { headers: { prefer: 'wait=0' } })))
    await gateway.close()
  })

  it('is matched by its path, if two routes have their own receive paths', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open({
      config: {
        routes: [
          { match: '/a', callback: { upstream: 'work', receive: { path: '/back/a' } } },
          { match: '/b', callback: { upstream: 'work', receive: { path: '/back/b' } } },
        ],
      },
    })
    const asked = ask(`${url}/a`)
    const { callbackUrl } = await order(0)
    assert.equal(new URL(callbackUrl).pathname, '/back/a')
    await post(callbackUrl, 'for a')
    assert.equal((await asked).body, 'for a')
  })

  it('is still expected from a backend that has not answered when the client stops waiting', async (t) => {
    const { order, open } = openCallingBack(t, false)
    const { url } = await open()
    const answer = await ask(`${url}/work/a`, { headers: { prefer: 'wait=0' } })
    const { code, attempts } = problemOf(answer)
    assert.deepEqual([code, attempts?.map(({ outcome }) => outcome)], ['WAIT_OVER', ['running']])
    const { callbackUrl, response } = await order(0)
    response.writeHead(202).end()
    await post(callbackUrl, 'late')
    assert.equal((await ask(url + ticketOf(answer))).body, 'late')
  })

  it('is judged and recorded by its own route, if two share a receive path', async (t) => {
    const { order, open } = openCallingBack(t)
    const route = (match: string, maxAnswer: string, status: number) => ({
      match,
      callback: { upstream: 'work', maxAnswer },
      failures: { UPSTREAM_INVALID: status },
    })
    const { url } = await open({ config: { routes: [route('/a', '10B', 418), route('/b', '30B', 500)] } })
    for (const [place, name, large] of [
      [0, '/a', 20],
      [1, '/b', 40],
    ] as const) {
      const { headers } = await ask(url + name, { headers: { prefer: 'respond-async' } })
      const posted = await post((await order(place)).callbackUrl, 'x'.repeat(large))
      assert.equal(posted.status, 413)
      assert.equal((await ask(url + headers.location)).status, name === '/a' ? 418 : 500)
    }
  })

  it('gets 503 from a full store, and is kept when it is posted again', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open({ config: { callbacks: { tickets: { size: '30B', fetch: 'once' } } } })
    const tickets: string[] = []
    for (const name of ['a', 'b']) {
      const { headers } = await ask(`${url}/work/${name}`, { headers: { prefer: 'respond-async' } })
      tickets.push(String(headers.location))
    }
    const [a, b] = [await order(0), await order(1)]
    assert.equal((await post(a.callbackUrl, '12345678')).status, 202)
    const full = await post(b.callbackUrl, '12345678')
    assert.deepEqual([full.status, problemOf(full).code], [503, 'STORE_FULL'])
    assert.ok(full.headers['retry-after'])
    assert.equal((await ask(url + tickets[1])).status, 202)
    assert.equal((await ask(url + tickets[0])).body, '12345678')
    assert.equal((await post(b.callbackUrl, '12345678')).status, 202)
    assert.equal((await ask(url + tickets[1])).body, '12345678')
    assert.equal((await ask(url + tickets[1])).status, 410)
  })
})
