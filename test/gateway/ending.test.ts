import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { type ConfigInput, configSchema } from '../../src/config/schema.ts'
import { adminUrl } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { atEnd } from '../kit/cleanup.ts'
import { openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'
import { openWorkers } from '../workers/kit.ts'

const serving = async (scene: Scene): Promise<ConfigInput> => ({
  drain: '1s',
  upstreams: upstreamOf(await scene.target((_message, response) => response.end('here'))),
  routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
})

describe('draining during a reload', () => {
  it('starts at once and keeps to its time limit when a worker hangs', async (t) => {
    const { gateway, threads, reload, logged } = await openWorkers(t, serving)
    const [admin, [hanging]] = [adminUrl(gateway.gateway), threads]
    assert.ok(hanging)
    const post = hanging.postMessage.bind(hanging)
    // The worker reacts to nothing, as if its event loop were blocked.
    hanging.postMessage = () => {}
    const reloaded = reload({ routes: [] })
    await sleep(50)
    const startedMs = performance.now()
    const drained = gateway.gateway.drain()
    assert.equal((await ask(`${admin}/readyz`)).status, 503)
    await drained
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs < 3000, `it took ${tookMs} ms`)
    const refused = await reloaded
    assert.ok(!refused.ok)
    assert.deepEqual(refused.errors, ['the gateway is shutting down'])
    assert.deepEqual(
      logged.filter((text) => text.includes('died')),
      [],
    )
    hanging.postMessage = post
  })

  it('rejects a pending reload, and accepts no call at its new port', async (t) => {
    const scene = openScene(t)
    const config = await serving(scene)
    const { gateway } = await scene.gateway({ ...config, admin: { port: 0 } })
    const free = await scene.target(() => {})
    await free.close()
    const reloading = gateway.reload(configSchema.parse({ ...config, listen: { port: free.port } }))
    const drained = gateway.drain()
    assert.equal((await reloading).ok, false)
    await drained
    await assert.rejects(ask(`${free.url}/work`))
  })
})

describe('a gateway that is stopped during its start', () => {
  it('opens no port, and ends the workers that already serve', async (t) => {
    const scene = openScene(t)
    const stop = new AbortController()
    const threads: Worker[] = []
    const onWorker = (worker: Worker): void => void threads.push(worker)
    process.on('worker', onWorker)
    atEnd(t, () => process.off('worker', onWorker))
    const started = scene.gateway({ ...(await serving(scene)), workers: 6 }, { stop: stop.signal })
    const failed = assert.rejects(started)
    await until('the others start', () => threads.length > 1, 10_000)
    stop.abort()
    await within(3000, 'ended', failed)
    await until('no thread is left', () => threads.every(({ threadId }) => threadId === -1))
  })

  it('opens no port when it is stopped before its start', async (t) => {
    const scene = openScene(t)
    await assert.rejects(scene.gateway(await serving(scene), { stop: AbortSignal.abort() }))
  })
})
