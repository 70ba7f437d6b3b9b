import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { requestOf } from '../../../test/kit/calls.ts'
import { openScene } from '../../../test/kit/gateway.ts'
import { runtimeOf } from '../../../test/kit/runtime.ts'
import { type Collector, openCollector, zipkinSpansIn } from '../../../test/telemetry/collector.ts'
import type { CallTrace } from '../../core/trace.ts'
import { systemClock } from '../../kit/clock.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { apply } from '../../kit/reload.ts'
import { traceOptions } from './options.ts'
import { ReloadableTraces, type TracesConfig } from './reloadable-traces.ts'

async function opened(t: TestContext) {
  const scene = openScene(t)
  const [first, second] = [await openCollector(scene), await openCollector(scene)]
  const runtime = runtimeOf({ clock: systemClock() })
  const { clock, events } = runtime
  const traces = new ReloadableTraces(runtime)
  const to = ({ url }: Collector): TracesConfig => ({
    traces: traceOptions.parse({ exporter: 'zipkin', url, sample: '100%' }),
    redact: { headers: [], query: [] },
  })
  const begin = (): CallTrace => traces.current?.traceOf([]) ?? assert.fail('nothing is traced')
  const end = (trace: CallTrace): string => {
    const route = { name: 'GET /a', strategy: 'forward', idleTimeoutMs: 0 }
    const call = new LiveCall({ id: 'id', route, clock, events, trace })
    call.emit({ type: 'call.ended', request: requestOf(), end: { status: 200, failure: undefined, bytesSent: 0 } })
    return trace.traceId
  }
  const exported = () => [first, second].map((one) => zipkinSpansIn(one).map(({ traceId }) => traceId))
  return { traces, first, second, to, begin, end, exported }
}

describe('ReloadableTraces', () => {
  it('export each call once, where it began, from the preparation of another exporter to its end', async (t) => {
    const { traces, first, second, to, begin, end, exported } = await opened(t)
    await apply(traces, to(first))
    const [inPreparation, afterCommit] = [begin(), begin()]
    const change = await traces.prepare(to(second))
    end(inPreparation)
    change.commit()
    end(afterCommit)
    const next = end(begin())
    await change.retired?.()
    await traces.close()
    assert.deepEqual(exported(), [[inPreparation.traceId, afterCommit.traceId], [next]])
  })

  it('export a call whose exporter has closed, or whose trace another thread began, by the current one', async (t) => {
    const { traces, first, second, to, begin, end, exported } = await opened(t)
    await apply(traces, to(first))
    const late = begin()
    const change = await traces.prepare(to(second))
    change.commit()
    await change.retired?.()
    const all = [end(late), end({ ...begin(), traceId: 'f'.repeat(32) })]
    await traces.close()
    assert.deepEqual(exported(), [[], all])
  })

  it('export nothing by a configuration that is rolled back', async (t) => {
    const { traces, first, second, to, begin, end, exported } = await opened(t)
    await apply(traces, to(first))
    const refused = await traces.prepare(to(second))
    await refused.rollback()
    const trace = end(begin())
    await traces.close()
    assert.deepEqual(exported(), [[trace], []])
  })
})
