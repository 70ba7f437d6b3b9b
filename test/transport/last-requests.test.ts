import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openScene } from '../kit/gateway.ts'
import { servesOn, watchedGateway } from '../kit/watched-gateway.ts'
import type { Wire } from '../kit/wire.ts'

const host = 'Host: a.test\r\n'
const upgrade = (protocol: string): string => `${host}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`
const hello = '5\r\nhello\r\n0\r\n\r\n'

/** Its body, alone in the second write, is a whole request for a parser that has lost the head. */
const smuggler = `POST /upload HTTP/1.1\r\n${host}Content-Length: 35\r\n\r\n`
const smuggled = `GET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n`
const whole = `POST /transfer HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nhi`

/** The request, the status of its answer, and the requests that the target may see. */
type Variant = readonly [bytes: string, status: number, seen: readonly string[]]

const declined: Readonly<Record<string, Variant>> = {
  'GET h2c': [`GET /a HTTP/1.1\r\n${upgrade('h2c')}\r\n`, 200, ['GET /a']],
  'POST h2c with Content-Length': [
    `POST /a HTTP/1.1\r\n${upgrade('h2c')}Content-Length: 5\r\n\r\nhello`,
    200,
    ['POST /a hello'],
  ],
  'POST h2c with chunks': [
    `POST /a HTTP/1.1\r\n${upgrade('h2c')}Transfer-Encoding: chunked\r\n\r\n${hello}`,
    200,
    ['POST /a hello'],
  ],
  'POST to WebSocket': [`POST /a HTTP/1.1\r\n${upgrade('websocket')}Content-Length: 0\r\n\r\n`, 200, ['POST /a']],
  'HEAD to WebSocket': [`HEAD /a HTTP/1.1\r\n${upgrade('websocket')}\r\n`, 200, ['HEAD /a']],
  'GET with a body to WebSocket': [
    `GET /a HTTP/1.1\r\n${upgrade('websocket')}Content-Length: 5\r\n\r\nhello`,
    200,
    ['GET /a hello'],
  ],
  'GET to WebSocket or h2c': [`GET /a HTTP/1.1\r\n${upgrade('websocket, h2c')}\r\n`, 200, ['GET /a']],
  'a refused path': [`GET /a/../b HTTP/1.1\r\n${upgrade('websocket')}\r\n`, 400, []],
  'TLS/1.0': [`GET /a HTTP/1.1\r\n${upgrade('TLS/1.0')}\r\n`, 200, ['GET /a']],
  'HTTP/1.0 with keep-alive': [
    `GET /a HTTP/1.0\r\n${host}Connection: Upgrade, keep-alive\r\nUpgrade: h2c\r\n\r\n`,
    200,
    ['GET /a'],
  ],
}

const closing: Readonly<Record<string, Variant>> = {
  'Transfer-Encoding: gzip, chunked': [
    `POST /x HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n${hello}`,
    400,
    [],
  ],
  'Transfer-Encoding: identity, chunked': [
    `POST /x HTTP/1.1\r\n${host}Transfer-Encoding: identity, chunked\r\n\r\n${hello}`,
    400,
    [],
  ],
  'Transfer-Encoding: , chunked': [`POST /x HTTP/1.1\r\n${host}Transfer-Encoding: , chunked\r\n\r\n${hello}`, 400, []],
  'Transfer-Encoding: gzip': [`POST /x HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\n${hello}`, 400, []],
  'Transfer-Encoding: chunked with a parameter': [
    `POST /x HTTP/1.1\r\n${host}Transfer-Encoding: chunked;a=b\r\n\r\n${hello}`,
    400,
    [],
  ],
  'no Host': ['GET /x HTTP/1.1\r\n\r\n', 400, []],
  'no Host and a body': ['POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello', 400, []],
  'two Hosts': [`GET /x HTTP/1.1\r\n${host}${host}\r\n`, 400, []],
  'Connection: close': [`GET /x HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, 200, ['GET /x']],
  'HTTP/1.0': [`GET /x HTTP/1.0\r\n${host}\r\n`, 200, ['GET /x']],
}

/** These may keep their connection: then the next request is served and answered; otherwise it is not even started. */
const undecided: Readonly<Record<string, Variant>> = {
  'a refused path with chunks': [`POST /a/../b HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${hello}`, 400, []],
  'Expect: 100-continue on a GET': [`GET /x HTTP/1.1\r\n${host}Expect: 100-continue\r\n\r\n`, 200, ['GET /x']],
  'an unknown expectation': [`GET /x HTTP/1.1\r\n${host}Expect: miracles\r\n\r\n`, 417, []],
}

/** The gateway, on this same thread, has read the bytes sent so far; later bytes arrive in another read. */
async function isRead(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await turn()
}

/** Expects one answer with `Connection: close`, then the end of the connection. */
async function isLastAnswer(client: Wire, status: number, bytes: string): Promise<void> {
  const answer = await client.message({ hasNoBody: bytes.startsWith('HEAD') })
  assert.equal(answer.status, status)
  assert.equal(answer.headers.get('connection')?.join(), 'close')
  await client.closed()
  assert.equal(client.text, '')
  assert.equal(client.error, undefined)
}

describe('a request whose upgrade is declined', () => {
  for (const [name, [bytes, status, seen]] of Object.entries(declined)) {
    it(`is the last on its connection, so that no body becomes a request: ${name}`, async (t) => {
      const scene = openScene(t)
      const watched = await watchedGateway(scene)
      const client = await scene.wire(watched.gateway)
      client.send(bytes + smuggler)
      await isRead()
      client.send(smuggled)
      await isLastAnswer(client, status, bytes)
      await servesOn(watched.gateway)
      assert.deepEqual(watched.seen, [...seen, 'GET /'])
    })
  }

  it('is the last on its connection if its body arrives later', async (t) => {
    const scene = openScene(t)
    const watched = await watchedGateway(scene)
    const client = await scene.wire(watched.gateway)
    client.send(`POST /a HTTP/1.1\r\n${upgrade('h2c')}Content-Length: 5\r\n\r\nhe`)
    await isRead()
    client.send(`llo${smuggler}`)
    await isRead()
    client.send(smuggled)
    await isLastAnswer(client, 200, '')
    await servesOn(watched.gateway)
    assert.deepEqual(watched.seen, ['POST /a hello', 'GET /'])
  })

  it('keeps its connection if Connection does not name Upgrade, because that requests no upgrade', async (t) => {
    const scene = openScene(t)
    const watched = await watchedGateway(scene)
    const client = await scene.wire(watched.gateway)
    client.send(`GET /a HTTP/1.1\r\n${host}Upgrade: h2c\r\n\r\n${smuggler}${smuggled}`)
    assert.equal((await client.message()).status, 200)
    assert.equal((await client.message()).status, 200)
    assert.deepEqual(watched.seen, ['GET /a', `POST /upload ${smuggled}`.trim()])
  })
})

describe('an answer with Connection: close', () => {
  for (const [name, [bytes, status, seen]] of Object.entries(closing)) {
    it(`is followed by no executed request: ${name}`, async (t) => {
      const scene = openScene(t)
      const watched = await watchedGateway(scene)
      const client = await scene.wire(watched.gateway)
      client.send(bytes + whole)
      await isLastAnswer(client, status, bytes)
      await servesOn(watched.gateway)
      assert.deepEqual(watched.seen, [...seen, 'GET /'])
    })
  }

  for (const [name, [bytes, status, seen]] of Object.entries(undecided)) {
    it(`is the only reason to leave the next request unanswered: ${name}`, async (t) => {
      const scene = openScene(t)
      const watched = await watchedGateway(scene)
      const client = await scene.wire(watched.gateway)
      client.send(bytes + whole)
      const answer = await client.message()
      assert.equal(answer.status, status)
      const isLast = answer.headers.get('connection')?.join() === 'close'
      if (isLast) await client.closed()
      else assert.equal((await client.message()).body, 'served')
      await servesOn(watched.gateway)
      assert.deepEqual(watched.seen, [...seen, ...(isLast ? [] : ['POST /transfer hi']), 'GET /'])
    })
  }
})
