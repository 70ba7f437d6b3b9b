import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { deadPort, openScene } from '../../../test/kit/gateway.ts'
import { until } from '../../../test/kit/until.ts'
import { poster } from './poster.ts'

const never = new AbortController().signal

async function collectorOf(t: TestContext, answer: RequestListener) {
  const seen: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = []
  const target = await openScene(t).target(async (message, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    seen.push({ headers: message.headers, body: Buffer.concat(chunks).toString() })
    answer(message, response)
  })
  return Object.assign(target, { seen })
}

describe('poster', () => {
  it('posts its body with the given headers, one connection per post', async (t) => {
    const { url, seen, connections, connectionsTotal } = await collectorOf(t, (_message, response) => response.end())
    const collector = poster(url, { 'content-type': 'application/json', Authorization: 'Bearer x' })
    await collector.post('[1]', never)
    await collector.post(new TextEncoder().encode('[2]'), never)
    assert.deepEqual(
      seen.map(({ body, headers }) => [body, headers['content-type'], headers.authorization]),
      [
        ['[1]', 'application/json', 'Bearer x'],
        ['[2]', 'application/json', 'Bearer x'],
      ],
    )
    assert.equal(connectionsTotal(), 2)
    await until(
      () => `${connections()} connections are left`,
      () => connections() === 0,
    )
  })

  it('rejects with the status if the answer is not 2xx', async (t) => {
    const { url } = await collectorOf(t, (_message, response) => response.writeHead(503).end('no'))
    await assert.rejects(poster(url, {}).post('[]', never), /^Error: the collector answered 503$/)
  })

  it('does not follow redirects', async (t) => {
    const { url, seen } = await collectorOf(t, (_message, response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    )
    await assert.rejects(poster(url, {}).post('[]', never), /answered 307$/)
    assert.equal(seen.length, 1)
  })

  it('accepts a 2xx whose body breaks off', async (t) => {
    const { url } = await collectorOf(t, (_message, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('x', () => response.destroy())
    })
    await poster(url, {}).post('[]', never)
  })

  it('closes the connection of an answer that does not end', async (t) => {
    const { url } = await collectorOf(t, (_message, response) => {
      response.writeHead(200)
      const more = setInterval(() => response.write('x'.repeat(10_000)), 1)
      response.on('close', () => clearInterval(more))
    })
    await poster(url, {}).post('[]', never)
  })

  it('gives up when its signal is aborted', async (t) => {
    const aborting = new AbortController()
    const { url } = await collectorOf(t, () => aborting.abort(new Error('no answer within 10 ms')))
    await assert.rejects(poster(url, {}).post('[]', aborting.signal), {
      name: 'AbortError',
      cause: new Error('no answer within 10 ms'),
    })
  })

  it('rejects with the reason if nobody listens', async () => {
    const port = await deadPort()
    await assert.rejects(poster(`http://127.0.0.1:${port}`, {}).post('[]', never), /ECONNREFUSED/)
  })
})
