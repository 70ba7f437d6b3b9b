import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOf } from '../../test/kit/ask.ts'
import { callbackScene } from '../../test/kit/callbacks.ts'
import { codeOf, failureOf, responseOf, textOf } from '../../test/kit/calls.ts'
import { headerValue } from '../core/headers.ts'
import type { CallbacksOptions } from './callbacks.ts'

async function opened(shared: Partial<Omit<CallbacksOptions, 'memory' | 'durable'>> = {}) {
  const scene = callbackScene({ shared })
  const asked = scene.send({ headers: ['prefer', 'respond-async'] })
  await scene.clock.advance(0)
  const ticket = headerValue(responseOf(asked.answer.outcome).headers, 'location') ?? ''
  const look = async (method?: string) => {
    const { answer } = scene.fetch(ticket, method)
    await scene.clock.advance(0)
    return answer.outcome
  }
  return { scene, ticket, look, url: scene.urlOf(0) }
}

describe('a ticket', () => {
  it('reports that its call is still running, and when to retry', async () => {
    const { look } = await opened()
    const outcome = await look()
    const { status, headers } = responseOf(outcome)
    assert.deepEqual([status, textOf(outcome)], [202, '{"status":"running"}\n'])
    assert.deepEqual(headers, ['content-type', 'application/json', 'cache-control', 'no-store', 'retry-after', '1'])
  })

  it('has the result unchanged, however often it is fetched', async () => {
    const { scene, url, look } = await opened()
    scene.post(url, '<a/>', ['x-other', '1'])
    for (let n = 0; n < 2; n++) {
      const outcome = await look()
      const { status, headers } = responseOf(outcome)
      assert.deepEqual(
        [status, textOf(outcome), headers],
        [200, '<a/>', ['content-type', 'application/json', 'cache-control', 'no-store']],
      )
    }
  })

  it('has the result once with fetch: once; HEAD does not consume it', async () => {
    const { scene, url, look } = await opened({ fetchOnce: true })
    assert.equal(responseOf(await look('HEAD')).status, 202)
    scene.post(url, 'result')
    assert.equal(responseOf(await look('HEAD')).status, 200)
    assert.equal(textOf(await look()), 'result')
    for (const method of ['GET', 'HEAD']) assert.equal(codeOf(await look(method)), 'TICKET_EXPIRED')
  })

  it('is over when its result is no longer kept, even if it never arrived', async () => {
    const { scene, url, look } = await opened()
    scene.post(url)
    await scene.clock.advance(600_000)
    const over = failureOf(await look())
    assert.deepEqual([over.code, over.detail], ['TICKET_EXPIRED', 'The result of this ticket is no longer kept'])
    const never = await opened()
    await never.scene.clock.advance(604_999)
    assert.equal(responseOf(await never.look()).status, 202)
    await never.scene.clock.advance(1)
    assert.equal(codeOf(await never.look()), 'TICKET_EXPIRED')
    await never.scene.clock.advance(86_400_000)
    assert.equal(codeOf(await never.look()), 'TICKET_EXPIRED')
  })

  it('keeps a result from the last moment as long as any other', async () => {
    const { scene, url, look } = await opened()
    await scene.clock.advance(604_000)
    scene.post(url, 'last')
    await scene.clock.advance(599_999)
    assert.equal(textOf(await look()), 'last')
    await scene.clock.advance(1)
    assert.equal(codeOf(await look()), 'TICKET_EXPIRED')
  })

  it('is unknown if it is forged, or is the token of a callback', async () => {
    const { scene, ticket, url } = await opened()
    scene.post(url)
    for (const forged of [
      `${ticket}x`,
      `${ticket.slice(0, -2)}${ticket.endsWith('__') ? 'aa' : '__'}`,
      '/x',
      '/',
      `/${url.split('=')[1]}`,
    ]) {
      const { answer } = scene.fetch(forged)
      await scene.clock.advance(0)
      assert.deepEqual(
        [codeOf(answer.outcome), failureOf(answer.outcome).detail],
        ['NO_TICKET', 'This gateway has issued no such ticket'],
      )
    }
  })

  it('reports the failure of its backend', async () => {
    const { scene, look } = await opened()
    scene.upstream.seen[0]?.answer(400, 'Delay is not a number')
    await scene.clock.advance(0)
    const outcome = await look()
    const { code, detail } = problemOf({ body: textOf(outcome) })
    assert.equal(responseOf(outcome).status, 502)
    assert.deepEqual([code, detail], ['UPSTREAM_STATUS', 'Backend failed with: Delay is not a number'])
  })
})
