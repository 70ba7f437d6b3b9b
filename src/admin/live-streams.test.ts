import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { until } from '../../test/kit/until.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { Counts } from '../telemetry/counts/counts.ts'
import { Figures } from '../telemetry/figures/figures.ts'
import { LiveStreams } from './live-streams.ts'

/** Large figures, so that a reader that does not read falls behind quickly. */
const routes = Array.from({ length: 300 }, (_, i) => ({
  name: `GET /a-route-with-a-long-name/${i}`,
  strategy: 'forward',
}))

async function opened(t: TestContext) {
  const clock = new VirtualClock()
  let looked = 0
  const gauges = () => {
    looked++
    return {
      deliveries: undefined,
      waiters: undefined,
      process: { memoryBytes: 0, loopDelayMs: 0, clientConnections: 0 },
      workers: { running: 1, died: 0 },
    }
  }
  const figures = new Figures({ clock, counts: new Counts({ routes, targets: [], live: true }), gauges })
  const streams = new LiveStreams(figures, clock)
  const responses: ServerResponse[] = []
  const server = createServer((_request, response) => {
    responses.push(response)
    const answer = streams.answer()
    if ('stream' in answer) answer.stream(response, {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    streams.close()
    figures.close()
    server.close()
    server.closeAllConnections()
  })
  const reader = (reads: boolean) => {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    if (reads) socket.resume()
    else socket.pause()
    t.after(() => socket.destroy())
    return socket
  }
  return { clock, figures, streams, responses, reader, looked: () => looked }
}

describe('LiveStreams', () => {
  it('disconnects a reader that falls behind and keeps the others', async (t) => {
    const { clock, streams, responses, reader } = await opened(t)
    reader(false)
    await until('the slow one is there', () => streams.count === 1)
    const good = reader(true)
    await until('both are there', () => streams.count === 2)
    for (let second = 0; second < 2000 && streams.count === 2; second++) {
      await clock.advance(1000)
      if (second % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await until('one is left', () => streams.count === 1)
    assert.deepEqual([responses[0]?.destroyed, responses[1]?.destroyed], [true, false])
    assert.equal(good.destroyed, false)
  })

  it('sends heartbeats without figures, and leaves no timer after the last reader', async (t) => {
    const { clock, figures, streams, responses, reader } = await opened(t)
    const socket = reader(true)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await until('it is there', () => streams.count === 1)
    figures.close()
    await clock.advance(31_000)
    await until('two signs', () => text.split(': still here').length === 3)
    assert.equal(responses[0]?.destroyed, false)
    socket.destroy()
    await until('it has gone', () => streams.count === 0)
    assert.equal(clock.pendingCount, 0)
  })

  it('accepts no readers after it is closed', async (t) => {
    const { streams } = await opened(t)
    streams.close()
    const answer = streams.answer()
    assert.deepEqual('status' in answer && answer.status, 503)
  })
})
