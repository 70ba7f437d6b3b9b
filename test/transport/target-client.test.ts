import assert from 'node:assert/strict'
import dns from 'node:dns'
import { PassThrough } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import type { BodySink, BodyStream } from '../../src/core/body.ts'
import type { Failure } from '../../src/core/failure.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import { type GatewayRequest, targetRequest } from '../../src/core/request.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { type HttpClient, httpClient } from '../../src/transport/client/http-client.ts'
import { callOf, failureOf, requestOf, responseOf, targetOf } from '../kit/calls.ts'
import { openScene, type Scene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import type { Wire } from '../kit/wire.ts'

const clock = systemClock()

/** A client without a gateway, and a target to send requests to. */
async function opened(t: TestContext, serve: Parameters<Scene['wireTarget']>[0], keepAliveMs = 4000) {
  const client: HttpClient = httpClient({ clock, connections: { connectTimeoutMs: 1000, keepAliveMs } })
  // Registered before the scene, whose check looks for leftovers.
  t.after(() => client.destroy())
  const target = await openScene(t).wireTarget(serve)
  const send = (change: Partial<GatewayRequest> = {}, origin = target.url): Promise<Outcome> => {
    const { call } = callOf(clock)
    const attempt = call.begin({ ...targetOf('a'), origin, authority: 'a.example' })
    return client.send(targetRequest(requestOf(change), attempt), call)
  }
  return { client, target, send }
}

/** A slow client: it never asks for more at once. */
class Reluctant implements BodySink {
  readonly done = Promise.withResolvers<number>()
  readonly #body: BodyStream
  #bytes = 0

  constructor(body: BodyStream) {
    this.#body = body
    body.pipe(this)
  }
  write(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length
    setImmediate(() => this.#body.resume())
    return false
  }
  end(): void {
    this.done.resolve(this.#bytes)
  }
  fail(reason: Failure): void {
    this.done.reject(new Error(reason.detail))
  }
}

function answers(text: string): (wire: Wire) => Promise<void> {
  return async (wire) => {
    for (;;) {
      await wire.message()
      wire.send(text)
    }
  }
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('the client for targets', () => {
  for (const [framing, body] of [
    ['Content-Length: 3000000', 'x'.repeat(3_000_000)],
    ['Transfer-Encoding: chunked', `${`186a0\r\n${'x'.repeat(100_000)}\r\n`.repeat(30)}0\r\n\r\n`],
  ] as const) {
    it(`reads the next answer even if the last chunk of the previous one met a full sink (${framing})`, async (t) => {
      const { client, target, send } = await opened(t, answers(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${body}`))
      for (let i = 0; i < 3; i++) {
        const response = responseOf(await send())
        assert.equal(await new Reluctant(response.body as BodyStream).done.promise, 3_000_000)
      }
      assert.equal(target.connectionsTotal(), 1)
      assert.deepEqual(client.connections(), { open: 1, idle: 1 })
    })
  }

  it('reads an answer from a name with two addresses, of which only the second accepts connections', async (t) => {
    const { target, send } = await opened(t, answers(ok))
    t.mock.method(dns, 'lookup', (_name: string, _options: unknown, done: (...answer: unknown[]) => void) => {
      const addresses = [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]
      process.nextTick(done, null, addresses)
    })
    for (let i = 0; i < 3; i++) {
      const { body } = responseOf(await send({}, target.url.replace('127.0.0.1', 'two.example')))
      assert.equal(Buffer.from(body as Uint8Array).toString(), 'ok')
    }
    assert.equal(target.connectionsTotal(), 1)
  })

  it('keeps the chunks of an answer apart from those of another answer read in the same turn', async (t) => {
    const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const { send } = await opened(t, async (wire) => {
      const { startLine } = await wire.message()
      const letter = startLine.slice(5, 6)
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n')
      for (let i = 0; i < 200; i++) {
        wire.send(letter.repeat(1000))
        if (i % 7 === 0) await new Promise(setImmediate)
      }
    })
    await Promise.all(
      letters.map(async (letter) => {
        const { body } = responseOf(await send({ path: `/${letter}` }))
        const chunks: Uint8Array[] = []
        await new Promise<void>((resolve) => {
          const sink = { write: (chunk: Uint8Array) => chunks.push(chunk) > 0, end: () => resolve(), fail: () => {} }
          ;(body as BodyStream).pipe(sink)
        })
        assert.equal(Buffer.concat(chunks).toString(), letter.repeat(200_000))
      }),
    )
  })

  it('closes an idle connection a margin before the time that the target announced', async (t) => {
    const hinted = ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=3\r\n\r\n')
    const { client, send } = await opened(t, answers(hinted), 60_000)
    responseOf(await send())
    assert.deepEqual(client.connections(), { open: 1, idle: 1 })
    await until('it is closed', () => client.connections().open === 0, 2500)
  })

  it('does not keep a connection that the target keeps only for a moment', async (t) => {
    const { client, send } = await opened(t, answers(ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=2\r\n\r\n')))
    responseOf(await send())
    assert.deepEqual(client.connections(), { open: 0, idle: 0 })
  })

  it('retries an upload once on a new connection while no byte of it was read', async (t) => {
    const bodies: string[] = []
    const { target, send } = await opened(t, async (wire, number) => {
      const first = await wire.message()
      if (first.startLine.startsWith('GET')) wire.send(ok)
      else {
        bodies.push(`${number} ${first.body}`)
        wire.send(ok)
        return
      }
      await wire.receives('\r\n\r\n')
      wire.socket.resetAndDestroy()
    })
    responseOf(await send())
    const source = new PassThrough()
    const sent = send({ method: 'PUT', headers: ['content-length', '4'], body: source })
    await until('it is tried again', () => target.connectionsTotal() === 2)
    source.end('body')
    assert.equal(responseOf(await sent).status, 200)
    assert.deepEqual(bodies, ['2 body'])
  })

  it('rejects a streamed body whose size differs from its Content-Length', async (t) => {
    const { client, send } = await opened(t, () => {})
    for (const body of ['abc', 'abcde']) {
      const source = new PassThrough()
      source.end(body)
      const { code } = failureOf(await send({ method: 'POST', headers: ['content-length', '4'], body: source }))
      assert.equal(code, 'BAD_REQUEST')
    }
    assert.equal(client.connections().open, 0)
  })

  it('writes nothing of a request that could be parsed as two', async (t) => {
    const { client, target, send } = await opened(t, () => {})
    const { code } = failureOf(await send({ headers: ['x-a', 'b\r\n\r\nGET /admin HTTP/1.1'] }))
    assert.equal(code, 'BAD_REQUEST')
    assert.equal(client.connections().open, 0)
    assert.equal(target.connectionsTotal(), 0)
  })

  it('fails waiting calls when it is destroyed, and accepts no more', async (t) => {
    const { client, target, send } = await opened(t, () => {})
    const waiting = send()
    await until('it is there', () => target.connections() === 1)
    client.destroy()
    assert.equal(failureOf(await waiting).code, 'UPSTREAM_RESET')
    assert.equal(failureOf(await send()).code, 'DRAINING')
    await until('the target sees it go', () => target.connections() === 0)
  })

  it('rejects 1000 informational answers, and an answer after them', async (t) => {
    const { send } = await opened(t, answers('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000) + ok))
    assert.equal(failureOf(await send()).code, 'UPSTREAM_INVALID')
  })
})
