import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { Counts } from '../../telemetry/counts/counts.ts'
import { Figures } from '../../telemetry/figures/figures.ts'
import type { Answer } from '../answer.ts'
import type { OverviewView } from '../api.ts'
import { maxLarge, overviewResource } from './overview.ts'

/** The few members of a response that a large answer uses. */
class FakeResponse extends EventEmitter {
  destroyed = false

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  get real(): ServerResponse {
    return this as unknown as ServerResponse
  }
}

async function opened(t: TestContext, routeCount: number) {
  const clock = new VirtualClock()
  const routes = Array.from({ length: routeCount }, (_, i) => ({ name: `GET /${i}`, strategy: 'forward' }))
  const process = { memoryBytes: 0, loopDelayMs: 0, clientConnections: 0 }
  const workers = { running: 1, died: 0 }
  const gauges = () => ({ deliveries: undefined, waiters: undefined, process, workers })
  const figures = new Figures({ clock, counts: new Counts({ routes, targets: [], live: true }), gauges })
  t.after(() => figures.close())
  await clock.advance(100_000)
  const features = { deliveries: false, callbacks: false, backends: false }
  const facts = { version: '1', startedAtMs: 0, isReady: () => true, routes: [], workers: { min: 1, max: 1 }, features }
  const resource = overviewResource({ ...facts, clock, figures })
  const ask = async (): Promise<Answer> => {
    const request = { params: {}, query: new URLSearchParams(), json: () => assert.fail('it reads no body') }
    return (await resource.methods.GET?.(request)) as Answer
  }
  return { clock, figures, ask }
}

describe('/api/overview', () => {
  it('yields the same text in parts as in one piece', async (t) => {
    const { ask, figures } = await opened(t, 1000)
    const { body } = await ask()
    const view = JSON.parse(Buffer.from(body).toString()) as OverviewView
    assert.deepEqual(view.history, JSON.parse(JSON.stringify(figures.history(600))))
    assert.deepEqual([view.version, view.figures.leftOut], ['1', { routes: 800, targets: 0 }])
  })

  it('lets other work run while it builds a large answer', async (t) => {
    const { ask } = await opened(t, 1000)
    const asked = ask()
    let turns = 0
    const count = (): void => {
      turns++
      immediate = setImmediate(count)
    }
    let immediate = setImmediate(count)
    await asked
    clearImmediate(immediate)
    assert.ok(turns > 5, `${turns}`)
  })

  it('limits large answers until each is read or times out', async (t) => {
    const { ask, clock } = await opened(t, 1000)
    const answers = await Promise.all(Array.from({ length: maxLarge + 1 }, () => ask()))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 503],
    )
    assert.equal(answers[2]?.headers['retry-after'], '2')
    const [first, second] = [new FakeResponse(), new FakeResponse()]
    answers[0]?.onSend?.(first.real)
    answers[1]?.onSend?.(second.real)
    assert.equal((await ask()).status, 503)
    first.destroy()
    const again = await ask()
    assert.equal(again.status, 200)
    again.onSend?.(first.real)
    assert.equal((await ask()).status, 200, 'whoever left before it was sent holds no place')
    await clock.advance(30_000)
    assert.equal(second.destroyed, true)
  })

  it('does not limit small answers', async (t) => {
    const { ask } = await opened(t, 10)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask()))
    assert.ok(answers.every(({ status }) => status === 200))
  })
})
