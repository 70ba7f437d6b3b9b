import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { promtool, Scrape } from '../../../test/kit/prometheus.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { Attempt } from '../../core/attempt.ts'
import type { RouteFacts } from '../../core/call.ts'
import { failure } from '../../core/failure.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import { Counts } from '../counts/counts.ts'
import { type CountingThread, startCounting } from '../counts/start-counting.ts'
import { metricNames, metrics, sampleNames } from './catalogue.ts'
import { Metrics, type ShownMetrics } from './metrics.ts'
import type { MetricSources, StoreSizes } from './sources.ts'

const target = targetOf('one:80')
const hedged: RouteFacts = { name: 'GET /hedged', strategy: 'hedge', idleTimeoutMs: 0 }
const written: RouteFacts = { name: 'POST /written', strategy: 'broadcast', idleTimeoutMs: 0 }

/** Emits a gateway's events without a gateway. */
class Scene {
  readonly clock = new VirtualClock()
  readonly events = new EventBus()
  readonly metrics: Metrics
  readonly counting: CountingThread
  readonly counts: Counts

  constructor(show: Partial<ShownMetrics> = {}, boundsMs: readonly number[] = [10, 100]) {
    const parts = { routes: [hedged, written], targets: [target], boundsMs, live: false }
    this.counts = new Counts(parts)
    this.counting = startCounting(this.events, { parts, block: this.counts.open(ArrayBuffer).block })
    this.metrics = new Metrics(this.counts, { rename: {}, views: [], ...show })
  }

  begin(route = hedged): LiveCall {
    const call = new LiveCall({ id: 'call', route, clock: this.clock, events: this.events })
    call.emit({ type: 'call.started', request: requestOf() })
    return call
  }

  async attempt(call: LiveCall, ms: number, change: Partial<Attempt> = {}): Promise<Attempt> {
    const attempt = Object.assign(call.beginAs(change.kind ?? 'first', target), change)
    call.emit({ type: 'attempt.started', attempt })
    await this.clock.advance(ms)
    Object.assign(attempt, { endedMs: call.elapsedMs(), outcome: change.outcome ?? 'success' })
    call.emit({ type: 'attempt.ended', attempt })
    return attempt
  }

  end(call: LiveCall, status = 200, code?: Parameters<typeof failure>[0]): void {
    const reason = code === undefined ? undefined : failure(code, 'so it is')
    call.emit({ type: 'call.ended', request: requestOf(), end: { status, failure: reason, bytesSent: 12 } })
  }

  async text(): Promise<string> {
    return (await this.metrics.render()).body
  }

  async scrape(): Promise<Scrape> {
    return new Scrape(await this.text())
  }
}

function sourcesOf(n: number): MetricSources {
  const store: StoreSizes = {
    deliveries: n,
    pendingLegs: n,
    deadLegs: n,
    undeliveredBytes: n,
    syncs: n,
    writes: n,
  }
  const figures: ProcessFigures = {
    startedAtMs: n,
    cpuUserMs: n,
    cpuSystemMs: n,
    memory: { residentBytes: n, heapUsedBytes: n, heapTotalBytes: n, externalBytes: n },
    loop: { activeMs: n, delayMs: { p50: n, p99: n, max: n } },
  }
  return {
    process: () => Promise.resolve(figures),
    descriptors: () => Promise.resolve({ open: n, limit: n }),
    clientConnections: () =>
      Promise.resolve({
        reading: n,
        writing: n,
        waiting: n,
        accepted: n,
        refused: n,
        failed: n,
        malformed: { 400: n, 408: n, 431: n },
      }),
    targetConnections: () => Promise.resolve({ work: { open: 3 * n, idle: n } }),
    store: () => Promise.resolve(store),
    waiters: () => Promise.resolve(n),
    limits: () => Promise.resolve({ '*': { limit: n, inFlight: n, queued: n } }),
    dropped: () => Promise.resolve({ spans: n }),
    targets: () => [
      {
        upstream: target.upstream,
        target: target.name,
        isAvailable: n > 1,
        breaker: n > 1 ? 'open' : 'closed',
        ejections: { failures: n, success_rate: n, retry_after: n },
        checks: { good: n, bad: n },
      },
    ],
    held: () => ({ bytes: n, limitBytes: n }),
    workers: () => ({ running: n, exits: { died: n, idle: n, reload: n }, lostCalls: n }),
    reloads: () => ({ applied: n, refused: n, lastAppliedAtMs: n }),
  }
}

/** Moves every metric. */
async function live(scene: Scene): Promise<void> {
  const won = scene.begin()
  won.emit({ type: 'hedge.sent', count: 1, because: 'late' })
  won.emit({ type: 'hedge.denied' })
  await scene.attempt(won, 5, { outcome: 'cancelled' })
  await scene.attempt(won, 5, { kind: 'hedge', won: true })
  scene.end(won)
  const retried = scene.begin()
  retried.emit({ type: 'retry.scheduled', waitMs: 1 })
  retried.emit({ type: 'retry.denied' })
  retried.emit({ type: 'call.shed', reason: 'full' })
  await scene.attempt(retried, 5, { outcome: 'refused' })
  await scene.attempt(retried, 5, { kind: 'retry', won: true })
  const broken = await scene.attempt(retried, 5)
  retried.emit({ type: 'attempt.broken', attempt: broken, was: 'success' })
  scene.end(retried)
  const write = scene.begin(written)
  write.emit({ type: 'delivery.accepted', deliveryId: 'd', legs: 1 })
  await scene.attempt(write, 5)
  write.emit({ type: 'delivery.acknowledged', deliveryId: 'd', target: target.name, attempts: 1 })
  write.emit({ type: 'delivery.dead', deliveryId: 'd', target: target.name, attempts: 1 })
  write.emit({ type: 'waiter.ended', as: 'timedOut', waitedMs: 7 })
  write.emit({ type: 'callback.received', verdict: 'repeated' })
  scene.begin()
  const call = scene.begin()
  call.emit({ type: 'attempt.started', attempt: call.begin(target) })
}

describe('metrics', () => {
  it('include a moving source for every metric of the catalogue', async () => {
    const scene = new Scene()
    scene.metrics.connect(sourcesOf(1))
    const before = await scene.scrape()
    await live(scene)
    scene.metrics.connect(sourcesOf(2))
    const after = await scene.scrape()
    const valuesIn = (scrape: Scrape, name: (typeof metricNames)[number]) =>
      sampleNames(name, metrics[name]).flatMap((one) => scrape.series(one))
    const still = metricNames.filter(
      (name) => JSON.stringify(valuesIn(before, name)) === JSON.stringify(valuesIn(after, name)),
    )
    assert.deepEqual(still, [])
    const told = new Map(metricNames.map((name) => [name, metrics[name].type]))
    assert.deepEqual(new Map(after.types), told)
  })

  it('have exactly the labels and values of the catalogue', async () => {
    const scene = new Scene()
    scene.metrics.connect(sourcesOf(1))
    await live(scene)
    const scrape = await scene.scrape()
    for (const name of metricNames) {
      const labels: Readonly<Record<string, 'open' | readonly string[]>> = metrics[name].labels
      for (const sample of sampleNames(name, metrics[name]).flatMap((one) => scrape.series(one))) {
        const own = Object.entries(sample.labels).filter(([label]) => label !== 'le')
        assert.deepEqual(own.map(([label]) => label).sort(), Object.keys(labels).sort(), name)
        for (const [label, value] of own)
          assert.ok(labels[label] === 'open' || labels[label]?.includes(value), `${name} ${value}`)
      }
    }
  })

  it('pass promtool', async (t) => {
    const scene = new Scene()
    scene.metrics.connect(sourcesOf(1))
    await live(scene)
    const text = await scene.text()
    const found = promtool(t, ['check', 'metrics'], text)
    if (found === undefined) return
    assert.deepEqual(found, { status: 0, told: '' })
    const planted = promtool(t, ['check', 'metrics'], text.replaceAll('hedgerow_calls_total', 'hedgerow_calls_count'))
    assert.notEqual(planted?.status, 0)
  })

  it('count calls by route, status class and failure', async () => {
    const scene = new Scene()
    scene.end(scene.begin())
    scene.end(scene.begin(), 201)
    scene.end(scene.begin(), 503, 'DEADLINE')
    scene.end(scene.begin(), 0, 'CLIENT_GONE')
    scene.end(scene.begin(), 101)
    const scrape = await scene.scrape()
    const route = hedged.name
    const told = scrape
      .series('hedgerow_calls_total', { route })
      .map(({ labels, value }) => [`${labels['status']} ${labels['failure']}`, value])
    assert.deepEqual(Object.fromEntries(told), {
      '2xx none': 2,
      '5xx DEADLINE': 1,
      'none CLIENT_GONE': 1,
      '1xx none': 1,
    })
    assert.equal(scrape.sum('hedgerow_sent_bytes_total', { route }), 60)
  })

  it('have cumulative duration buckets, and sums in seconds', async () => {
    const scene = new Scene({}, [10, 100])
    for (const ms of [5, 10, 60, 500]) {
      const call = scene.begin()
      await scene.attempt(call, ms)
      scene.end(call)
    }
    const scrape = await scene.scrape()
    for (const name of ['hedgerow_call_duration_seconds', 'hedgerow_attempt_duration_seconds']) {
      const labels = name.includes('call') ? { route: hedged.name } : { target: target.name }
      const buckets = scrape.series(`${name}_bucket`, labels).map((sample) => [sample.labels['le'], sample.value])
      assert.deepEqual(buckets, [
        ['0.01', 2],
        ['0.1', 3],
        ['+Inf', 4],
      ])
      assert.equal(scrape.sum(`${name}_count`, labels), 4)
      assert.ok(Math.abs(scrape.sum(`${name}_sum`, labels) - 0.575) < 1e-9)
    }
  })

  it('separate durations of cancelled attempts, once there are any', async () => {
    const scene = new Scene({}, [10, 100])
    const ends = (scrape: Scrape) =>
      scrape
        .series('hedgerow_attempt_duration_seconds_count', { target: target.name })
        .map(({ labels, value }) => [labels['end'], value])
    assert.deepEqual(ends(await scene.scrape()), [['ended', 0]])
    const call = scene.begin()
    await scene.attempt(call, 60, { outcome: 'cancelled' })
    for (const outcome of ['success', 'timeout', 'server_error'] as const) await scene.attempt(call, 5, { outcome })
    const scrape = await scene.scrape()
    assert.deepEqual(ends(scrape), [
      ['ended', 3],
      ['cancelled', 1],
    ])
    const within10ms = (end: string) => scrape.sum('hedgerow_attempt_duration_seconds_bucket', { end, le: '0.01' })
    assert.deepEqual([within10ms('ended'), within10ms('cancelled')], [3, 0])
    assert.equal(scrape.sum('hedgerow_attempt_duration_seconds_sum', { end: 'cancelled' }), 0.06)
  })

  it('count calls in flight up and down', async () => {
    const scene = new Scene()
    const call = scene.begin()
    const attempt = call.begin(target)
    call.emit({ type: 'attempt.started', attempt })
    const during = await scene.scrape()
    assert.equal(during.sum('hedgerow_calls_in_flight', { route: hedged.name }), 1)
    assert.equal(during.sum('hedgerow_attempts_in_flight'), 1)
    attempt.outcome = 'timeout'
    attempt.endedMs = 3
    call.emit({ type: 'attempt.ended', attempt })
    scene.end(call)
    const after = await scene.scrape()
    assert.equal(after.sum('hedgerow_calls_in_flight'), 0)
    assert.equal(after.sum('hedgerow_attempts_in_flight'), 0)
    assert.equal(after.sum('hedgerow_attempts_total', { outcome: 'timeout' }), 1)
  })

  it('find a route by name too, because a delivery has new facts for each attempt', async () => {
    const scene = new Scene()
    for (let i = 0; i < 100; i++) scene.end(scene.begin({ ...hedged }))
    const scrape = await scene.scrape()
    assert.equal(scrape.sum('hedgerow_calls_total', { route: hedged.name }), 100)
  })

  it('count own pages and requests without a route under their own names', async () => {
    const scene = new Scene()
    scene.end(scene.begin({ name: 'GET /metrics', strategy: 'metrics', idleTimeoutMs: 0 }))
    scene.end(scene.begin({ name: 'none', strategy: 'none', idleTimeoutMs: 0 }), 404, 'NO_ROUTE')
    const scrape = await scene.scrape()
    assert.equal(scrape.sum('hedgerow_calls_total', { route: 'page' }), 1)
    assert.equal(scrape.sum('hedgerow_calls_total', { route: 'none', failure: 'NO_ROUTE', status: '4xx' }), 1)
  })

  it('omit metrics that do not apply to the configuration', async () => {
    const scrape = await new Scene().scrape()
    const names = new Set(scrape.samples.map(({ name }) => name))
    assert.ok(!names.has('hedgerow_waiters_ended_total') && !names.has('hedgerow_store_syncs_total'))
    assert.equal(scrape.series('hedgerow_hedges_won_total').length, 1, 'only the route that hedges')
  })

  it('are renamed, and have views, if configured', async () => {
    const failed = { name: 'failed_total', from: 'hedgerow_attempts_total', where: { outcome: 'refused' } } as const
    const scene = new Scene({
      rename: { hedgerow_call_duration_seconds: 'latency_seconds', hedgerow_calls_total: 'requests_total' },
      views: [{ ...failed, labels: { domain: 'target' } }],
    })
    const call = scene.begin()
    await scene.attempt(call, 5, { outcome: 'refused' })
    scene.end(call, 502, 'UPSTREAM_REFUSED')
    const scrape = await scene.scrape()
    assert.equal(scrape.sum('requests_total', { route: hedged.name }), 1)
    assert.equal(scrape.sum('latency_seconds_count', { route: hedged.name }), 1)
    assert.equal(scrape.sum('failed_total', { domain: 'one:80' }), 1)
    assert.deepEqual(scrape.series('hedgerow_calls_total'), [])
    assert.equal(scrape.types.get('latency_seconds'), 'histogram')
  })

  it('keep the text valid whatever the name of a route or target', async () => {
    const odd = targetOf('a"b\\c\nd')
    const counts = new Counts({ routes: [], targets: [odd], live: false })
    const all = new Metrics(counts, { rename: {}, views: [] })
    const { body } = await all.render()
    assert.ok(body.includes('target="a\\"b\\\\c\\nd"'))
  })

  it('continue under a new configuration, with its names', async () => {
    const scene = new Scene()
    scene.end(scene.begin())
    scene.end(scene.begin(written))
    scene.counts.prepare({ routes: [hedged], targets: [target], boundsMs: [10, 100], live: false }).commit()
    scene.metrics.change({ rename: { hedgerow_calls_total: 'requests_total' }, views: [] })
    const scrape = await scene.scrape()
    assert.equal(scrape.sum('requests_total', { route: hedged.name }), 1)
    assert.equal(scrape.sum('hedgerow_call_duration_seconds_count', { route: hedged.name }), 1)
    assert.deepEqual(scrape.series('requests_total', { route: written.name }), [])
  })

  it('stay constant after counting is stopped', async () => {
    const scene = new Scene()
    scene.counting.close()
    scene.end(scene.begin())
    assert.equal((await scene.scrape()).sum('hedgerow_calls_total'), 0)
  })
})
