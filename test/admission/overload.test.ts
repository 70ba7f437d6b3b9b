import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { it } from 'node:test'
import { openLoop } from '../../bench/kit/open-loop.ts'
import { quantile } from '../../bench/kit/statistics.ts'
import { openScene, type Scene, upstreamOf } from '../kit/gateway.ts'

const places = 5
const serviceMs = 25
const perSecond = (places * 1000) / serviceMs

/** Serves 200 requests a second; the rest queue in it. */
async function limitedTarget(scene: Scene) {
  const waiting: ServerResponse[] = []
  const seen = { busy: 0, most: 0 }
  const next = (): void => {
    while (seen.busy < places) {
      const response = waiting.shift()
      if (response === undefined) return
      seen.busy++
      setTimeout(() => {
        seen.busy--
        response.end('served')
        next()
      }, serviceMs)
    }
  }
  const target = await scene.target((_message, response) => {
    waiting.push(response)
    seen.most = Math.max(seen.most, seen.busy + waiting.length)
    next()
  })
  return { target, seen }
}

/** `npm run bench:overload` checks the precise figures; here other programs may use the machine. */
it('keeps a backend at its capacity under five times the load, and recovers afterwards', async (t) => {
  const scene = openScene(t)
  const { target, seen } = await limitedTarget(scene)
  const { url, gateway } = await scene.gateway({
    upstreams: upstreamOf(target),
    routes: [{ match: '/*', concurrency: { limit: places, queue: 2 }, forward: { upstream: 'work' } }],
  })
  const overload = await openLoop({ url, perSecond: 5 * perSecond, seconds: 1.5 })
  const good = overload.filter(({ status }) => status === 200)
  const refused = overload.filter(({ status }) => status !== 200)
  assert.ok(seen.most <= places, `${seen.most} at the target`)
  assert.ok(good.length >= 0.6 * perSecond * 1.5, `${good.length} let in`)
  assert.ok(refused.every(({ status }) => status === 503))
  const refusalMs = quantile(
    refused.map(({ latencyMs, lateMs }) => latencyMs - lateMs),
    0.5,
  )
  assert.ok(refusalMs < 20, `refused within ${refusalMs} ms`)
  const after = await openLoop({ url, perSecond: perSecond / 4, seconds: 0.5 })
  assert.ok(after.every(({ status }) => status === 200))
  assert.deepEqual((await gateway.view.admission())?.routes['/*'], { limit: places, inFlight: 0, queued: 0 })
})
