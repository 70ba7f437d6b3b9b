import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseLateness } from '@hedgerow/load/lateness'
import { parseHeader } from '@hedgerow/load/requests'
import { parseTemplate } from '@hedgerow/load/template'
import { until } from '../kit/until.ts'
import { addsUp, loadOf, startTarget } from './target.ts'

const users = (count: number) => ({ kind: 'closed', users: count }) as const
const rate = (perSecond: number, maxConnections = 1000) => ({ kind: 'open', perSecond, maxConnections }) as const

describe('load over real sockets', () => {
  it('sends exactly the count over kept connections, and leaves none open', async (t) => {
    const target = await startTarget(t, (_number, _request, response) => response.end('{"time":250}'))
    let connections = 0
    target.server.on('connection', () => connections++)
    const { counts } = await loadOf(target.url, users(10), { count: 1000 })
    assert.deepEqual([counts.sent, counts.completed, target.seen()], [1000, 1000, 1000])
    assert.equal(connections, 10)
    await until('all connections are closed', () => target.openSockets() === 0)
  })

  it('is exact if the server closes the connection after each answer', async (t) => {
    const target = await startTarget(t, (_number, _request, response) => {
      response.setHeader('connection', 'close').end('x')
    })
    const { counts } = await loadOf(target.url, users(10), { count: 500 })
    assert.deepEqual([counts.sent, counts.completed, target.seen()], [500, 500, 500])
  })

  it("counts each kind of failure separately, with the server's exact number", async (t) => {
    const target = await startTarget(t, (number, request, response) => {
      const way = number % 10
      if (way === 1) response.writeHead(503).end('no')
      else if (way === 2) request.socket.resetAndDestroy()
      else if (way === 3) request.socket.destroy()
      else if (way === 4) request.socket.end('this is not HTTP\r\n\r\n')
      else if (way === 5)
        response.writeHead(200, { 'content-length': '10' }).write('half', () => request.socket.destroy())
      else if (way === 6) response.writeHead(404).end()
      else response.end('good')
    })
    const summary = await loadOf(target.url, users(7), { count: 400 })
    const { counts } = summary
    assert.ok(addsUp(summary))
    assert.deepEqual([counts.sent, target.seen()], [400, 400])
    assert.deepEqual(counts.statuses, { 200: 160, 404: 40, 503: 40 })
    assert.deepEqual([counts.completed, counts.badStatus, counts.errors], [160, 80, 160])
    const kinds = Object.fromEntries(Object.entries(counts.errorKinds).map(([kind, { count }]) => [kind, count]))
    assert.equal(kinds['invalid answer'], 40)
    assert.equal(kinds['cut off within the answer'], 40)
    const broken = ['reset', 'closed before the answer', 'kept connection closed'].map((kind) => kinds[kind] ?? 0)
    assert.equal(
      broken.reduce((a, b) => a + b),
      80,
    )
  })

  it('accepts an answer that ends with its connection as complete', async (t) => {
    const target = await startTarget(t, (_number, request) => {
      request.socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nto the end')
    })
    assert.equal((await loadOf(target.url, users(4), { count: 100 })).counts.completed, 100)
  })

  it('counts timeouts, closes their connections, and continues', async (t) => {
    let gone = 0
    const target = await startTarget(t, (number, request, response) => {
      if (number % 5 !== 0) response.end('x')
      else request.socket.on('close', () => gone++)
    })
    const summary = await loadOf(target.url, users(5), { count: 50, timeoutMs: 100 })
    assert.deepEqual([summary.counts.completed, summary.counts.timedOut, summary.counts.sent], [40, 10, 50])
    assert.ok((summary.latency?.maxMs ?? 0) >= 99, 'what timed out is in the latency')
    await until('the server sees them go', () => gone === 10)
  })

  it('counts late answers by the timeout of each request', async (t) => {
    const target = await startTarget(t, (_number, request, response) => {
      const timeoutMs = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('timeout'))
      setTimeout(() => response.end('x'), timeoutMs === 30 ? 80 : 1)
    })
    const url = `${target.url}/?timeout={30|300}`
    const summary = await loadOf(url, users(5), { count: 60, lateness: parseLateness('query:timeout') })
    assert.ok(addsUp(summary))
    assert.ok(summary.counts.late > 10 && summary.counts.completed > 10)
    assert.equal(summary.counts.badStatus, 0)
  })

  it('sends method, header and body as drawn', async (t) => {
    const bodies = new Set<string>()
    const target = await startTarget(t, (_number, request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        bodies.add(`${request.method} ${request.url} ${String(request.headers['x-id'])} ${body}`)
        response.writeHead(201).end()
      })
    })
    const { counts } = await loadOf(`${target.url}/r?a={n}`, users(1), {
      count: 2,
      method: 'POST',
      headers: [parseHeader('X-Id: id-{n}')],
      body: parseTemplate('{"user":"u{n}"}', { keepsOtherBraces: true }),
    })
    assert.equal(counts.completed, 2)
    assert.deepEqual([...bodies], ['POST /r?a=1 id-1 {"user":"u1"}', 'POST /r?a=2 id-2 {"user":"u2"}'])
  })

  it('counts each refused connection, and gives up on a port that never accepted one', async (t) => {
    const target = await startTarget(t, () => {})
    target.die()
    const few = await loadOf(target.url, users(5), { count: 5 })
    assert.deepEqual([few.end, few.counts.sent, few.counts.errorKinds['refused']?.count], ['finished', 5, 5])
    const long = await loadOf(target.url, users(5), { durationMs: 20_000 })
    assert.equal(long.end, 'target gone')
    assert.ok(addsUp(long) && long.elapsedMs < 2500, String(long.elapsedMs))
  })

  it('keeps its results when the server dies in mid-run', async (t) => {
    const target = await startTarget(t, (number, _request, response) => {
      if (number < 300) response.end('x')
      else target.die()
    })
    const summary = await loadOf(target.url, users(10), { durationMs: 20_000 })
    assert.equal(summary.end, 'target gone')
    assert.ok(addsUp(summary))
    assert.equal(summary.counts.completed, 299)
    assert.ok(summary.counts.errors >= 10)
  })

  it('shows the queueing of a slow server in an open loop', async (t) => {
    // One connection and 20 ms an answer: at most 50 a second, and 100 are due.
    const target = await startTarget(t, (_number, _request, response) => setTimeout(() => response.end('x'), 20))
    const summary = await loadOf(target.url, rate(100, 1), { durationMs: 1000 })
    assert.deepEqual([summary.counts.sent, summary.counts.completed, target.seen()], [100, 100, 100])
    assert.ok((summary.latency?.p90Ms ?? 0) > 700, `p90 from when due ${summary.latency?.p90Ms}`)
    assert.ok((summary.latencyFromSending?.p50Ms ?? 0) < 100)
  })

  it('keeps its rate, spread over the second', async (t) => {
    const cameAt: number[] = []
    const target = await startTarget(t, (_number, _request, response) => {
      cameAt.push(performance.now())
      response.end('x')
    })
    const { counts } = await loadOf(target.url, rate(200), { durationMs: 1500 })
    assert.deepEqual([counts.sent, counts.completed], [300, 300])
    const first = cameAt[0] as number
    // Each quarter second has its quarter of the rate; a busy machine may shift some.
    for (let from = 0; from < 1500; from += 250) {
      const count = cameAt.filter((ms) => ms - first >= from && ms - first < from + 250).length
      assert.ok(count >= 25 && count <= 75, `${count} from ${from} ms on`)
    }
  })

  it('holds a constant number of resources for any number of requests', async (t) => {
    const target = await startTarget(t, (_number, _request, response) => response.end('x'))
    await loadOf(target.url, users(10), { count: 2000 })
    const before = process.getActiveResourcesInfo().length
    await loadOf(target.url, users(10), { count: 10_000 })
    await sleep(50)
    assert.ok(process.getActiveResourcesInfo().length <= before + 2)
  })
})
