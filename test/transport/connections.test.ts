import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, problemOf } from '../kit/ask.ts'
import { deafTarget } from '../kit/deaf-target.ts'
import { activeResources, assertBetween, isQuiet, openScene, openTargets, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import type { Wire } from '../kit/wire.ts'

const forwards = (options = {}) => [{ match: '/*', deadline: '3s', forward: { upstream: 'work', ...options } }]
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('a connection to a target', () => {
  it('serves one request after another', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void response.end('ok'))
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (let i = 0; i < 20; i++) assert.equal((await ask(`${gateway.url}/${i}`)).body, 'ok')
    assert.equal(target.connectionsTotal(), 1)
    assert.deepEqual(await openTargets(gateway.gateway), { open: 1, idle: 1 })
  })

  it('serves one request at a time: as many connections are open as there are calls, and then kept', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void setTimeout(() => response.end('ok'), 50))
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 30 }, () => ask(gateway.url)))
      assert.ok(answers.every(({ body }) => body === 'ok'))
    }
    assert.equal(target.connectionsTotal(), 30)
    assert.deepEqual(await openTargets(gateway.gateway), { open: 30, idle: 30 })
  })

  it('is closed after it was idle for keepAlive', async (t) => {
    const scene = openScene(t)
    // It sends no Keep-Alive hint, unlike Node's servers.
    const target = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.send(ok)
    })
    const gateway = await scene.gateway({
      upstreams: { work: { targets: [target.url], keepAlive: '200ms' } },
      routes: forwards(),
    })
    await ask(gateway.url)
    assert.equal(target.connections(), 1)
    await until('it is closed', () => target.connections() === 0, 2000)
    assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
  })

  it('is not reused when the target says it will close', async (t) => {
    const scene = openScene(t)
    const target = await scene.target(
      (_message, response) => void response.writeHead(200, { connection: 'close' }).end(),
    )
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (let i = 0; i < 5; i++) assert.equal((await ask(gateway.url, { method: 'POST' })).status, 200)
    assert.equal(target.connectionsTotal(), 5)
  })

  it('is kept after an answer whose body was discarded, if little of it is left', async (t) => {
    const scene = openScene(t)
    let failures = 0
    const target = await scene.target((_message, response) => {
      response.writeHead(++failures % 2 === 1 ? 503 : 200).end('a short body')
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards({ retry: {} }) })
    for (let i = 0; i < 5; i++) assert.equal((await ask(gateway.url)).status, 200)
    await isQuiet(gateway.gateway)
    assert.ok(target.connectionsTotal() <= 2, `${target.connectionsTotal()} connections`)
  })
})

/** Answers once, and closes the connection at the next request, like a target whose keep-alive has just expired. */
function closesAtSecond(seen: string[]): (wire: Wire, number: number) => Promise<void> {
  return async (wire, number) => {
    seen.push(`${number} ${(await wire.message()).startLine}`)
    wire.send(ok)
    if (number > 1) return
    seen.push(`${number} ${(await wire.message()).startLine}`)
    wire.socket.end()
  }
}

describe('a kept connection that its target closes on reuse', () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    it(`costs nothing: ${method} is retried once, on a new connection`, async (t) => {
      const scene = openScene(t)
      const seen: string[] = []
      const target = await scene.wireTarget(closesAtSecond(seen))
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      assert.equal((await ask(gateway.url)).status, 200)
      assert.equal((await ask(gateway.url, { method })).status, 200)
      assert.deepEqual(seen, ['1 GET / HTTP/1.1', `1 ${method} / HTTP/1.1`, `2 ${method} / HTTP/1.1`])
    })
  }

  for (const method of ['POST', 'PATCH']) {
    it(`fails a ${method}, which the target may have executed`, async (t) => {
      const scene = openScene(t)
      const seen: string[] = []
      const target = await scene.wireTarget(closesAtSecond(seen))
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      assert.equal((await ask(gateway.url)).status, 200)
      const answer = await ask(gateway.url, { method, body: 'abc' })
      assert.equal(answer.status, 502)
      assert.equal(problemOf(answer).code, 'UPSTREAM_RESET')
      assert.deepEqual(seen, ['1 GET / HTTP/1.1', `1 ${method} / HTTP/1.1`])
    })
  }

  it('causes only one retry', async (t) => {
    const scene = openScene(t)
    let requests = 0
    const target = await scene.wireTarget(async (wire, number) => {
      await wire.message()
      requests++
      if (number > 1) return void wire.socket.end()
      wire.send(ok)
      await wire.message()
      requests++
      wire.socket.end()
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    assert.equal((await ask(gateway.url)).status, 200)
    assert.equal((await ask(gateway.url)).status, 502)
    assert.equal(requests, 3)
  })

  it('is dropped if the close was noticed before: no client sees it, whatever the method', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.send(ok)
      wire.socket.end()
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (const method of ['GET', 'POST', 'POST', 'PATCH', 'GET']) {
      const body = method === 'GET' ? '' : 'abc'
      assert.equal((await ask(gateway.url, { method, body })).status, 200)
      await until('it is noticed', async () => (await openTargets(gateway.gateway)).open === 0)
    }
  })

  // The window between a socket's close and its detection is short; many connections hit it.
  it('fails no GET, at whatever moment the target closes the connection', async (t) => {
    const scene = openScene(t)
    let count = 0
    const target = await scene.wireTarget(async (wire) => {
      // Answers one to three requests, and closes right after the last.
      for (let left = (count++ % 3) + 1; left > 0; left--) {
        await wire.receives('\r\n\r\n')
        await wire.message()
        wire.send(ok)
      }
      wire.socket.end()
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const failures: string[] = []
    const worker = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        const answer = await ask(gateway.url, { agent })
        if (answer.status !== 200) failures.push(problemOf(answer).detail)
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    agent.destroy()
    assert.deepEqual(failures, [])
  })
})

describe('a target that accepts no connection', {
  skip: process.platform !== 'linux' && 'as Linux does',
}, () => {
  it('fails after connectTimeout', async (t) => {
    const port = await deafTarget(t)
    const scene = openScene(t)
    const { url } = await scene.gateway({
      upstreams: { work: { targets: { deaf: `http://127.0.0.1:${port}` }, connectTimeout: '300ms' } },
      routes: forwards(),
    })
    const answer = await ask(url)
    assert.equal(answer.status, 502)
    assert.equal(problemOf(answer).code, 'UPSTREAM_REFUSED')
    assert.match(problemOf(answer).detail, /^deaf: connection timed out/)
    assertBetween(answer.ms, 250, 1600, 'ms')
  })

  it('holds no socket after the deadline', async (t) => {
    const port = await deafTarget(t)
    const scene = openScene(t)
    const gateway = await scene.gateway({
      upstreams: { work: { targets: { deaf: `http://127.0.0.1:${port}` }, connectTimeout: '10s' } },
      routes: [{ match: '/*', deadline: '200ms', forward: { upstream: 'work' } }],
    })
    const before = activeResources().length
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gateway.url)))
    for (const answer of answers) {
      assert.equal(problemOf(answer).code, 'DEADLINE')
      assertBetween(answer.ms, 195, 500, 'ms')
    }
    assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
    await sleep(50)
    await until(
      () => `no socket waits any longer: before ${before}, now ${activeResources().join()}`,
      () => activeResources().length <= before,
      1000,
    )
  })
})
