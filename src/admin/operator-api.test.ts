import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askJson } from '../../test/kit/admin.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { type ConfigInput, configSchema } from '../config/schema.ts'
import { localInspector } from '../gateway/inspect/local.ts'
import { countedParts } from '../gateway/telemetry/metric-sources.ts'
import { startWatching } from '../gateway/telemetry/watching.ts'
import { Counts } from '../telemetry/counts/counts.ts'
import { Metrics } from '../telemetry/metrics/metrics.ts'
import type { CallListView, OverviewView, UpstreamListView } from './api.ts'
import { startOperatorApi } from './operator-api.ts'

const configOf = (route: string, upstreams: ConfigInput['upstreams']) =>
  configSchema.parse({ admin: { port: 0 }, upstreams, routes: [{ match: route, forward: { upstream: 'work' } }] })

describe('the admin side', () => {
  it('serves the new configuration from the next request on, at the same address', async (t) => {
    const clock = new VirtualClock()
    const before = configOf('GET /a', { work: { targets: ['http://127.0.0.1:1'] } })
    const counts = new Counts(countedParts(before))
    const watching = startWatching(clock, counts)
    t.after(() => watching.close())
    const parts = { deliveryService: undefined, callbacks: undefined }
    const operatorApi = await startOperatorApi(before, {
      ...parts,
      clock,
      version: '1',
      startedAtMs: 0,
      isReady: () => true,
      figures: watching.figures,
      metrics: new Metrics(counts, before.metrics),
      servers: localInspector(() => ({})),
      health: () => [],
      loads: { ewmaMs: () => undefined },
      backends: undefined,
      reload: undefined,
      onAcceptFailed: (code) => assert.fail(code),
      log: () => {},
      reportBug: (error) => assert.fail(String(error)),
    })
    assert.ok(operatorApi)
    t.after(() => operatorApi.close())
    const ask = async <T>(path: string): Promise<T> =>
      (await askJson<T>(`http://127.0.0.1:${operatorApi.address.port}${path}`)).json
    const routes = async () => (await ask<OverviewView>('/api/overview')).routes.map(({ name }) => name)
    assert.deepEqual(await routes(), ['GET /a'])
    const after = configOf('GET /b', { work: { targets: { one: 'http://127.0.0.1:2' } } })
    counts.prepare(countedParts(after)).commit()
    operatorApi.change(after, parts)
    assert.deepEqual(await routes(), ['GET /b'])
    const { upstreams } = await ask<UpstreamListView>('/api/upstreams')
    assert.deepEqual(
      upstreams.map(({ targets }) => targets.map(({ name, attempts }) => [name, attempts])),
      [[['one', 0]]],
    )
    assert.deepEqual(await ask<CallListView>('/api/calls?route=GET%20/b'), { calls: [] })
  })
})
