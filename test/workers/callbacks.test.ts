import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask } from '../kit/ask.ts'
import { openCallingBack, post, ticketOf } from '../kit/calling-back.ts'
import { until } from '../kit/until.ts'
import { clients } from './kit.ts'

const workers = { workers: 3 }

describe('callbacks of a gateway with workers', () => {
  it('reach the client that waits, whichever worker they come in at', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url } = await open({ config: workers })
    const asked = clients(t, 24).map((agent, place) => ask(`${url}/work/${place}`, { agent }))
    for (let place = 0; place < 24; place++) {
      const { url: path, callbackUrl } = await order(place)
      const answer = await post(callbackUrl, JSON.stringify({ of: path }))
      assert.deepEqual([answer.status, answer.body], [200, '{"status":"answered"}\n'])
      assert.equal((await post(callbackUrl, 'again')).body, '{"status":"repeated"}\n')
    }
    for (const [place, answer] of (await Promise.all(asked)).entries()) {
      assert.deepEqual([answer.status, answer.body], [200, JSON.stringify({ of: `/work/${place}` })])
    }
  })

  it('leave a late result at its ticket, to be fetched at any worker', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url } = await open({ config: workers, routeRest: { deadline: '200ms' } })
    const late = await ask(`${url}/work/1`)
    assert.equal(late.status, 503)
    const ticket = ticketOf(late)
    for (const agent of clients(t, 6)) assert.equal((await ask(url + ticket, { agent })).status, 202)
    assert.equal((await post((await order(0)).callbackUrl, '{"late":true}')).body, '{"status":"kept"}\n')
    for (const agent of clients(t, 6)) {
      const { status, body } = await ask(url + ticket, { agent })
      assert.deepEqual([status, body], [200, '{"late":true}'])
    }
  })

  it('are waited for while the gateway drains', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url, gateway } = await open({ config: workers })
    const asked = ask(`${url}/work/1`)
    const { callbackUrl } = await order(0)
    const drained = gateway.drain()
    await until('the result is taken', async () =>
      post(callbackUrl, '{"done":true}').then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    assert.equal((await asked).body, '{"done":true}')
    await drained
  })
})
