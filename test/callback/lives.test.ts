import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, systemClock } from '../../src/kit/clock.ts'
import { ask, problemOf } from '../kit/ask.ts'
import { openCallingBack, post, ticketOf } from '../kit/calling-back.ts'
import { assertBetween, type OpenGateway } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'

/** Callbacks and tickets while a gateway ends, and after another has replaced it. */

const respondAsync = { headers: { prefer: 'respond-async' } }

/** The backend's view after a gateway on another port has taken over the name and port of the previous one. */
function movedTo(url: string, { port }: OpenGateway): string {
  const moved = new URL(url)
  moved.port = String(port)
  return moved.href
}

describe('a gateway that drains', () => {
  it('accepts the callbacks of waiting calls, rejects other calls, and ends after the last answer', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url, gateway } = await open()
    const asked = [ask(`${url}/work/a`), ask(`${url}/work/b`)]
    const orders = [await order(0), await order(1)]
    let drained = false
    const draining = gateway.drain().then(() => {
      drained = true
    })
    const refused = await ask(`${url}/work/c`)
    assert.deepEqual([refused.status, problemOf(refused).code], [503, 'DRAINING'])
    assert.equal(refused.headers.connection, 'close')
    await post(orders[0]?.callbackUrl ?? '', 'first')
    await sleep(50)
    assert.equal(drained, false)
    const last = await post(orders[1]?.callbackUrl ?? '', 'second')
    assert.equal(last.body, '{"status":"answered"}\n')
    await within(1000, 'drained', draining)
    const answers = await Promise.all(asked)
    const bodyFor = (name: string): string => (orders[0]?.url.endsWith(name) ? 'first' : 'second')
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body]),
      [
        [200, bodyFor('a')],
        [200, bodyFor('b')],
      ],
    )
    await assert.rejects(ask(url), /ECONNREFUSED/)
  })

  it('answers calls without a callback at their deadline, and then ends', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url, gateway } = await open({ routeRest: { deadline: '400ms' } })
    const asked = ask(`${url}/work/a`)
    await order(0)
    await gateway.drain()
    assert.equal((await asked).status, 503)
  })

  it('does not hang up on a backend that is still accepting the work of a client with a ticket', async (t) => {
    const { order, open } = openCallingBack(t, false)
    const { url, gateway } = await open()
    await ask(`${url}/work/a`, respondAsync)
    const { response } = await order(0)
    let drained = false
    const draining = gateway.drain().then(() => {
      drained = true
    })
    assert.equal((await ask(`${url}/work/b`)).status, 503)
    await sleep(100)
    assert.deepEqual([drained, response.destroyed], [false, false])
    response.writeHead(202).end()
    await within(1000, 'drained', draining)
  })

  it('may be drained twice, and ends at its timeout in any case', async (t) => {
    const { order, open } = openCallingBack(t, false)
    const { url, gateway } = await open({ config: { drain: '300ms' } })
    await ask(`${url}/work/a`, respondAsync)
    await order(0)
    const startedMs = performance.now()
    await Promise.all([gateway.drain(), gateway.drain()])
    assertBetween(performance.now() - startedMs, 290, 1200, 'ms')
  })

  it('is done at once if no call waits', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url, gateway } = await open()
    const asked = ask(`${url}/work/a`)
    await post((await order(0)).callbackUrl, 'x')
    await asked
    const startedMs = performance.now()
    await gateway.drain()
    assertBetween(performance.now() - startedMs, 0, 500, 'ms')
  })
})

describe('a restarted gateway', () => {
  it('accepts the callbacks of outstanding calls, and has their results at their tickets', async (t) => {
    const { order, open, folder } = openCallingBack(t)
    const route = { durable: true }
    const first = await open({ route, routeRest: { deadline: '200ms' } })
    const late = ticketOf(await ask(`${first.url}/work/late`))
    const asynchronous = ticketOf(await ask(`${first.url}/work/async`, respondAsync))
    const early = ticketOf(await ask(`${first.url}/work/early`, respondAsync))
    const orders = [await order(0), await order(1), await order(2)]
    assert.equal((await post(orders[2]?.callbackUrl ?? '', 'early')).status, 202)
    const waiting = assert.rejects(ask(`${first.url}/work/cut-off`))
    await order(3)
    await first.gateway.close()
    await waiting
    assert.deepEqual(
      readdirSync(folder)
        .filter((name) => /\.(key|db)$/.test(name))
        .toSorted(),
      ['hedgerow.db', 'hedgerow.key'],
    )
    assert.equal(statSync(join(folder, 'hedgerow.key')).mode & 0o777, 0o600)

    const second = await open({ route })
    assert.equal((await ask(second.url + late)).status, 202)
    for (const { url, callbackUrl } of [...orders.slice(0, 2), await order(3)]) {
      const posted = await post(movedTo(callbackUrl, second), `result of ${url}`)
      assert.deepEqual([posted.status, posted.body], [202, '{"status":"kept"}\n'])
    }
    const repeated = await post(movedTo(orders[0]?.callbackUrl ?? '', second), 'again')
    assert.deepEqual([repeated.status, repeated.body], [200, '{"status":"repeated"}\n'])
    for (const [ticket, result] of [
      [late, 'result of /work/late'],
      [asynchronous, 'result of /work/async'],
      [early, 'early'],
    ] as const) {
      const { status, body } = await ask(second.url + ticket)
      assert.deepEqual([status, body], [200, result])
    }
  })

  it('accepts them even without a durable store, but has lost stored results', async (t) => {
    const { order, open } = openCallingBack(t)
    const first = await open()
    const ticket = ticketOf(await ask(`${first.url}/work/a`, respondAsync))
    const { callbackUrl } = await order(0)
    await post(callbackUrl, 'lost')
    await first.gateway.close()
    const second = await open()
    assert.equal((await ask(second.url + ticket)).status, 202)
    assert.equal((await post(movedTo(callbackUrl, second), 'again')).status, 202)
    assert.equal((await ask(second.url + ticket)).body, 'again')
  })

  it('with another key does not recognize them', async (t) => {
    const { order, open } = openCallingBack(t)
    const key = 'the first key, which is long enough for one'
    const other = 'the other key, which is long enough for one'
    const first = await open({ config: { callbacks: { key } } })
    const ticket = ticketOf(await ask(`${first.url}/work/a`, respondAsync))
    const { callbackUrl } = await order(0)
    const second = await open({ config: { callbacks: { key: other } } })
    assert.equal((await post(movedTo(callbackUrl, second), 'x')).status, 403)
    assert.deepEqual(problemOf(await ask(second.url + ticket)).code, 'NO_TICKET')
    const third = await open({ config: { callbacks: { key: other, previousKeys: [key] } } })
    assert.equal((await post(movedTo(callbackUrl, third), 'x')).status, 202)
    assert.equal((await ask(third.url + ticket)).body, 'x')
  })
})

/** The machine's clock, with timers that a test can fire and a wall clock that it can move. */
function movedClock() {
  const real = systemClock()
  const minutely = new Set<() => void>()
  let offMs = 0
  const clock: Clock = {
    now: () => real.now(),
    wallNow: () => real.wallNow() + offMs,
    stalledMs: () => real.stalledMs(),
    after: (delayMs, action) => {
      if (delayMs !== 60_000) return real.after(delayMs, action)
      minutely.add(action)
      return { cancel: () => void minutely.delete(action) }
    },
  }
  const move = (byMs: number): void => {
    offMs += byMs
    // Each timer sets its next one.
    const due = Array.from(minutely)
    minutely.clear()
    for (const action of due) action()
  }
  return { clock, move }
}

describe('the key of a gateway', () => {
  it('rotates while the gateway runs; URLs and tickets of the old key keep their full lifetime', async (t) => {
    const { order, open } = openCallingBack(t)
    const { clock, move } = movedClock()
    const config = { callbacks: { keyRotation: '1h', tickets: { keep: '10m' } } }
    const { url } = await open({ config, deps: { clock } })
    const keyIn = (callbackUrl: string): string =>
      Buffer.from(callbackUrl.split('=')[1] ?? '', 'base64url').toString('hex', 1, 4)
    move(3_599_000)
    const before = ticketOf(await ask(`${url}/work/a`, respondAsync))
    move(2000)
    const after = ticketOf(await ask(`${url}/work/b`, respondAsync))
    const [old, fresh] = [await order(0), await order(1)]
    assert.notEqual(keyIn(old.callbackUrl), keyIn(fresh.callbackUrl))
    // The last moment before expiry: deadline and `keep` are nearly over.
    move(602_000)
    assert.equal((await post(old.callbackUrl, 'of the old')).status, 202)
    assert.equal((await post(fresh.callbackUrl, 'of the new')).status, 202)
    move(598_000)
    assert.deepEqual([(await ask(url + before)).body, (await ask(url + after)).body], ['of the old', 'of the new'])
    move(3000)
    assert.equal((await ask(url + before)).status, 410)
    move(100_000)
    assert.equal((await post(old.callbackUrl, 'again')).status, 403)
  })
})

describe('a gateway whose key file is broken', () => {
  it('does not start, and names the file and the remedy', async (t) => {
    const { open, folder } = openCallingBack(t)
    await assert.rejects(open({ config: { callbacks: { keyFile: 'no/such/folder.key' } } }), (fault: Error) => {
      assert.ok(fault.message.startsWith(`The key file ${join(folder, 'no/such/folder.key')} cannot be used: `))
      return true
    })
  })
})

describe('many calls', () => {
  it('each get their own result, in whatever order the callbacks arrive', async (t) => {
    const { order, open, orders } = openCallingBack(t)
    const { url } = await open()
    const count = 200
    const asked = Array.from({ length: count }, (_, n) => ask(`${url}/work/${n}`))
    await order(count - 1)
    await until('all are there', () => orders.length === count)
    const shuffled = orders.toSorted((a, b) => a.callbackUrl.localeCompare(b.callbackUrl))
    const posted = await Promise.all(
      shuffled.flatMap((one) => [1, 2].map(() => post(one.callbackUrl, `for ${one.url}`))),
    )
    assert.equal(posted.filter(({ body }) => body.includes('answered')).length, count)
    const answers = await Promise.all(asked)
    assert.deepEqual(
      answers.map(({ body }) => body),
      Array.from({ length: count }, (_, n) => `for /work/${n}`),
    )
  })
})
