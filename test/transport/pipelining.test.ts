import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { servesOn, watchedGateway } from '../kit/watched-gateway.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const routes = [{ match: '/*', forward: { upstream: 'work' } }]

/** A target that answers when the test says so, and the highest number of requests it had at once. */
async function heldTarget(scene: Scene) {
  const held: ServerResponse[] = []
  const seen: string[] = []
  const target = await scene.target((message, response) => {
    seen.push(`${message.method} ${message.url}`)
    held.push(response)
  })
  const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes })
  return { gateway, held, seen, target }
}

describe('pipelined requests', () => {
  it('reach targets one at a time, in order, and are all answered (500 requests)', async (t) => {
    const scene = openScene(t)
    let open = 0
    let mostOpen = 0
    const target = await scene.target((message, response) => {
      mostOpen = Math.max(mostOpen, ++open)
      setImmediate(() => {
        open--
        response.end(message.url)
      })
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes })
    const client = await scene.wire(gateway)
    client.send(Array.from({ length: 500 }, (_, place) => get(`/${place}`)).join(''))
    for (let place = 0; place < 500; place++) assert.equal((await client.message()).body, `/${place}`)
    assert.equal(mostOpen, 1)
    assert.equal(target.connectionsTotal(), 1)
    client.send(get('/last'))
    assert.equal((await client.message()).body, '/last')
  })

  it('stay in order: a write and the read after it', async (t) => {
    const scene = openScene(t)
    const { gateway, held, seen } = await heldTarget(scene)
    const client = await scene.wire(gateway)
    client.send(`PUT /doc HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n${get('/doc')}`)
    await until('the write has arrived', () => held.length === 1)
    assert.equal(await gateway.gateway.view.inFlight(), 1)
    held[0]?.end('written')
    assert.equal((await client.message()).body, 'written')
    await until('the read has arrived', () => held.length === 2)
    held[1]?.end('read')
    assert.equal((await client.message()).body, 'read')
    assert.deepEqual(seen, ['PUT /doc', 'GET /doc'])
  })

  it('keep their bodies apart while they wait, large ones too', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene)
    const client = await scene.wire(gateway)
    const bodies = ['a', 'b', 'c'].map((letter) => letter.repeat(300_000))
    client.send(
      bodies.map((body) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`).join(''),
    )
    for (const _ of bodies) assert.equal((await client.message()).body, 'served')
    assert.ok(seen.join() === bodies.map((body) => `POST / ${body}`).join(), 'bodies are mixed up')
  })

  it('are not started if their client hangs up before their turn', async (t) => {
    const scene = openScene(t)
    const { gateway, held, seen, target } = await heldTarget(scene)
    const client = await scene.wire(gateway)
    client.send([1, 2, 3, 4, 5].map((place) => get(`/${place}`)).join(''))
    await until('the first has arrived', () => held.length === 1)
    client.destroy()
    await until('it is given up', () => target.connections() === 0)
    assert.equal(await gateway.gateway.view.inFlight(), 0)
    assert.deepEqual(seen, ['GET /1'])
  })

  it('beyond the 500 that may wait are not served, and the connection ends after those', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene)
    const client = await scene.wire(gateway)
    client.send(Array.from({ length: 1000 }, (_, place) => get(`/${place}`)).join(''))
    for (let place = 0; place <= 500; place++) assert.equal((await client.message()).body, 'served')
    await client.closed()
    assert.equal(client.text, '')
    await servesOn(gateway)
    assert.equal(seen.length, 502)
  })
})

describe('a valid request', () => {
  const pay = 'POST /pay HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n'
  for (const [name, bytes, later, status] of [
    ['garbage', `${pay}\r\nhelloGARBAGE\r\n\r\n`, '', 400],
    ['garbage that comes later', `${pay}\r\nhello`, 'GARBAGE\r\n\r\n', 400],
    ['a head that is too large', `${pay}\r\nhello`, `GET / HTTP/1.1\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`, 431],
    ['a byte after Connection: close', `${pay}Connection: close\r\n\r\nhello!`, '', undefined],
    ['a request after Connection: close', `${pay}Connection: close\r\n\r\nhello${get('/')}`, '', undefined],
    ['a byte after HTTP/1.0', `${pay.replace('1.1', '1.0')}\r\nhello!`, '', undefined],
  ] as const) {
    it(`keeps its answer whatever follows: ${name}`, async (t) => {
      const scene = openScene(t)
      const { gateway, held, seen } = await heldTarget(scene)
      const client = await scene.wire(gateway)
      client.send(bytes)
      await until('it has arrived', () => held.length === 1)
      if (later !== '') client.send(later)
      held[0]?.end('paid')
      assert.equal((await client.message()).body, 'paid')
      if (status !== undefined) assert.equal((await client.message()).status, status)
      await client.closed()
      assert.equal(client.text, '')
      assert.deepEqual(seen, ['POST /pay'])
    })
  }

  it('that waits keeps its answer too, and only the malformed one behind it is rejected', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene)
    const client = await scene.wire(gateway)
    client.send(`${get('/1')}${get('/2')}POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n`)
    assert.equal((await client.message()).status, 200)
    assert.equal((await client.message()).status, 200)
    assert.equal((await client.message()).status, 400)
    await client.closed()
    assert.deepEqual(seen, ['GET /1', 'GET /2'])
    await servesOn(gateway)
  })

  it('is aborted if its client hangs up in the middle of the next one', async (t) => {
    const scene = openScene(t)
    const { gateway, held, target } = await heldTarget(scene)
    const client = await scene.wire(gateway)
    client.send(`${get('/1')}GET /2 HTT`)
    await until('it has arrived', () => held.length === 1)
    client.destroy()
    await until('it is given up', () => target.connections() === 0)
    assert.equal(await gateway.gateway.view.inFlight(), 0)
  })
})
