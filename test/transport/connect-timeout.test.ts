import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { targetRequest } from '../../src/core/request.ts'
import { httpClient } from '../../src/transport/client/http-client.ts'
import { callOf, codeOf, failureOf, requestOf, targetOf, watch } from '../kit/calls.ts'
import { deafTarget } from '../kit/deaf-target.ts'
import { openScene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { VirtualClock } from '../kit/virtual-clock.ts'

/** Sends requests to targets in virtual time over real sockets, with a connect timeout of 1 s. */
function asker(t: TestContext) {
  const clock = new VirtualClock()
  const client = httpClient({ clock, connections: { connectTimeoutMs: 1000, keepAliveMs: 4000 } })
  // Registered before the scene, whose check looks for leftovers.
  t.after(() => client.destroy())
  const ask = (origin: string) => {
    const { call } = callOf(clock)
    const attempt = call.begin({ ...targetOf('a'), origin })
    return watch(client.send(targetRequest(requestOf(), attempt), call), clock)
  }
  return { clock, ask }
}

describe('the connect timeout', () => {
  it('spares a connection that was made while the gateway was stalled', async (t) => {
    const { clock, ask } = asker(t)
    const target = await openScene(t).wireTarget(async (wire) => {
      await wire.message()
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const answer = ask(target.url)
    clock.stall(3000)
    await clock.advance(0)
    await until(
      () => 'the target has answered',
      () => answer.outcome !== undefined,
      2000,
    )
    assert.equal(codeOf(answer.outcome), 'ok')
  })

  it('gives a target that accepts no connection the same time again, but only once', async (t) => {
    const { clock, ask } = asker(t)
    const answer = ask(`http://127.0.0.1:${await deafTarget(t)}`)
    clock.stall(3000)
    await clock.advance(999)
    assert.equal(answer.outcome, undefined)
    await clock.advance(1)
    assert.match(failureOf(answer.outcome).detail, /connection timed out/)
  })
})
