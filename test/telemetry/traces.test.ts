import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { parseConfig } from '../../src/config/load.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { telemetryExample } from '../../tools/reference/examples.ts'
import { ask } from '../kit/ask.ts'
import { deadPort, type OpenGateway, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { type Collector, openCollector, type ZipkinSpan, zipkinSpansIn } from './collector.ts'
import { zipkinSpans } from './zipkin-span-schema.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'
const sampled = `00-${traceId}-${parentId}-01`
const unsampled = `00-${traceId}-${parentId}-00`

type Traces = NonNullable<NonNullable<ConfigInput['telemetry']>['traces']>

function tracesTo({ url }: { readonly url: string }, change: Partial<Traces> = {}): Pick<ConfigInput, 'telemetry'> {
  return {
    telemetry: {
      traces: { exporter: 'zipkin', url: `${url}/api/v2/spans`, sample: '100%', interval: '10ms', ...change },
    },
  }
}

/** A target that returns its request headers, and delays the first answer. */
async function target(scene: Scene, firstWaitMs = 0) {
  const seen: IncomingMessage['headers'][] = []
  const opened = await scene.target((message, response) => {
    seen.push(message.headers)
    const waitMs = seen.length === 1 ? firstWaitMs : 0
    message.resume()
    setTimeout(() => response.writeHead(message.method === 'POST' ? 201 : 200).end('{}'), waitMs).unref()
  })
  return Object.assign(opened, { seen })
}

async function spansOf(collector: Collector, count: number): Promise<readonly ZipkinSpan[]> {
  await until(
    () => `${count} spans: ${JSON.stringify(zipkinSpansIn(collector), undefined, 1)}`,
    () => zipkinSpansIn(collector).length >= count,
  )
  return zipkinSpansIn(collector)
}

function assertTaken(collector: Collector): void {
  const validate = new Ajv({ allErrors: true }).compile(zipkinSpans)
  for (const { body } of collector.posts) assert.ok(validate(body), JSON.stringify(validate.errors))
}

const forwardAll: ConfigInput['routes'] = [{ match: '/*', forward: { upstream: 'work' } }]

describe('traces to Zipkin', () => {
  it('have a span for the call and one for each attempt, valid under the Zipkin schema', async (t) => {
    const scene = openScene(t)
    const [collector, work] = [await openCollector(scene), await target(scene, 5000)]
    const { url, gateway } = await scene.gateway({
      ...tracesTo(collector, { serviceName: 'edge', headers: { authorization: 'Bearer x' } }),
      upstreams: upstreamOf(work),
      routes: [{ match: 'GET /api/smart', hedge: { upstream: 'work', after: '50ms', extra: 2, budget: 'unlimited' } }],
    })
    await ask(`${url}/api/smart?timeout=900&token=s3cret`)
    const spans = await spansOf(collector, 4)
    assertTaken(collector)
    assert.deepEqual(
      [collector.posts[0]?.path, collector.posts[0]?.headers.authorization],
      ['/api/v2/spans', 'Bearer x'],
    )
    const [call, ...others] = spans.filter(({ kind }) => kind === 'SERVER')
    assert.equal(others.length, 0)
    assert.ok(call !== undefined)
    assert.deepEqual([call.name, call.parentId, call.localEndpoint.serviceName], ['GET /api/smart', undefined, 'edge'])
    const { tags } = call
    assert.equal(tags['http.request.method'], 'GET')
    assert.equal(tags['http.response.status_code'], '200')
    assert.equal(tags['http.route'], '/api/smart')
    assert.equal(tags['url.path'], '/api/smart')
    assert.equal(tags['url.query'], 'timeout=900&token=***')
    assert.equal(tags['hedgerow.strategy'], 'hedge')
    const attempts = spans.filter(({ kind }) => kind === 'CLIENT')
    assert.deepEqual(
      attempts.map(({ tags: of }) => `${of['hedgerow.attempt.kind']} ${of['hedgerow.attempt.result']}`).toSorted(),
      ['first cancelled', 'hedge cancelled', 'hedge won'].toSorted(),
    )
    for (const attempt of attempts) {
      assert.deepEqual([attempt.traceId, attempt.parentId], [call.traceId, call.id])
      assert.equal(attempt.tags['hedgerow.target'], 'target-1')
      assert.ok(attempt.timestamp >= call.timestamp)
      assert.ok(attempt.timestamp + attempt.duration <= call.timestamp + call.duration + 1000)
      assert.ok(!JSON.stringify(attempt).includes(String(work.port)), 'no URL of a target')
    }
    const told = work.seen.map(({ traceparent }) => String(traceparent))
    assert.deepEqual(told.toSorted(), attempts.map(({ id }) => `00-${call.traceId}-${id}-01`).toSorted())
    assert.equal(await gateway.view.inFlight(), 0)
  })

  it('continue the trace of the client, and send each target its attempt and the state', async (t) => {
    const scene = openScene(t)
    const [collector, work] = [await openCollector(scene), await target(scene)]
    const { url } = await scene.gateway({
      ...tracesTo(collector, { sample: '0%' }),
      upstreams: upstreamOf(work),
      routes: forwardAll,
    })
    await ask(url, { headers: { traceparent: sampled, tracestate: 'a=1, b=2' } })
    const spans = await spansOf(collector, 2)
    const call = spans.find(({ kind }) => kind === 'SERVER')
    const attempt = spans.find(({ kind }) => kind === 'CLIENT')
    assert.deepEqual([call?.traceId, call?.parentId], [traceId, parentId])
    assert.equal(work.seen[0]?.['traceparent'], `00-${traceId}-${attempt?.id}-01`)
    assert.equal(work.seen[0]?.['tracestate'], 'a=1,b=2')
  })

  it('forward an unsampled context unchanged, and send no span', async (t) => {
    const scene = openScene(t)
    const [collector, work] = [await openCollector(scene), await target(scene)]
    const { url, gateway } = await scene.gateway({
      ...tracesTo(collector),
      upstreams: upstreamOf(work),
      routes: forwardAll,
    })
    await ask(url, { headers: { traceparent: unsampled, tracestate: 'a=1' } })
    assert.deepEqual([work.seen[0]?.['traceparent'], work.seen[0]?.['tracestate']], [unsampled, 'a=1'])
    await gateway.close()
    assert.equal(collector.posts.length, 0)
  })

  it('give the failure code of a failed call and attempt', async (t) => {
    const scene = openScene(t)
    const collector = await openCollector(scene)
    const { url } = await scene.gateway({
      ...tracesTo(collector),
      upstreams: upstreamOf({ url: `http://127.0.0.1:${await deadPort()}` }),
      routes: forwardAll,
    })
    await ask(`${url}/x`)
    await ask(`${url}/x`, { method: 'POST' })
    const spans = await spansOf(collector, 4)
    assertTaken(collector)
    for (const { kind, tags, name } of spans) {
      assert.equal(tags['otel.status_code'], 'ERROR')
      assert.equal(tags['error.type'], kind === 'SERVER' ? 'UPSTREAM_REFUSED' : 'refused')
      assert.match(tags['error'] ?? '', /connection refused/)
      assert.ok(kind === 'SERVER' ? name === '/*' : /^(?:GET|POST) work$/.test(name), name)
    }
  })

  it('have the background attempts of a broadcast in the trace of the accepted call', async (t) => {
    const scene = openScene(t)
    const [collector, quick, slow] = [await openCollector(scene), await target(scene), await target(scene, 200)]
    const { url } = await scene.gateway(
      {
        ...tracesTo(collector),
        upstreams: upstreamOf(quick, slow),
        routes: [{ match: 'POST /register', broadcast: { upstream: 'work' } }],
      },
      { store: memoryStore({ limits: { maxUndeliveredBytes: 1e6 } }) },
    )
    assert.equal((await ask(`${url}/register`, { method: 'POST', body: 'a=1' })).status, 201)
    const before = await spansOf(collector, 2)
    assert.ok(before.some(({ kind }) => kind === 'SERVER'))
    assert.ok(!before.some(({ tags }) => tags['hedgerow.target'] === 'target-2'), 'the slow one is still under way')
    const spans = await spansOf(collector, 3)
    assertTaken(collector)
    const call = spans.find(({ kind }) => kind === 'SERVER')
    const late = spans.find(({ tags }) => tags['hedgerow.target'] === 'target-2')
    assert.deepEqual([late?.traceId, late?.parentId], [call?.traceId, call?.id])
    assert.equal(slow.seen[0]?.['traceparent'], `00-${call?.traceId}-${late?.id}-01`)
  })

  it('have deliveries left by an earlier run as children of the client, as far as the request names it', async (t) => {
    const scene = openScene(t)
    const [collector, work] = [await openCollector(scene), await target(scene)]
    const store = memoryStore({ limits: { maxUndeliveredBytes: 1e6 } })
    const routes: ConfigInput['routes'] = [
      { match: 'POST /register', broadcast: { upstream: 'work', respond: 'accepted', backoff: { base: '50ms' } } },
    ]
    const dead = { targets: { one: `http://127.0.0.1:${await deadPort()}` } }
    const first = await scene.gateway({ upstreams: { work: dead }, routes }, { store })
    const headers = { traceparent: sampled }
    assert.equal((await ask(`${first.url}/register`, { method: 'POST', body: 'a=1', headers })).status, 202)
    await first.gateway.close()
    await scene.gateway(
      { ...tracesTo(collector, { sample: '0%' }), upstreams: { work: { targets: { one: work.url } } }, routes },
      { store },
    )
    const [attempt] = await spansOf(collector, 1)
    assert.deepEqual([attempt?.kind, attempt?.traceId, attempt?.parentId], ['CLIENT', traceId, parentId])
    assert.equal(work.seen[0]?.['traceparent'], `00-${traceId}-${attempt?.id}-01`)
  })

  it('have the attempt of a client that hung up, as cancelled', async (t) => {
    const scene = openScene(t)
    const [collector, work] = [await openCollector(scene), await target(scene, 60_000)]
    const { url } = await scene.gateway({ ...tracesTo(collector), upstreams: upstreamOf(work), routes: forwardAll })
    await assert.rejects(ask(url, { signal: AbortSignal.timeout(50) }))
    const spans = await spansOf(collector, 2)
    const tagsOf = (kind: string) => spans.find((span) => span.kind === kind)?.tags ?? {}
    assert.equal(tagsOf('CLIENT')['hedgerow.attempt.result'], 'cancelled')
    assert.equal(tagsOf('SERVER')['error.type'], 'CLIENT_GONE')
    assert.equal(tagsOf('SERVER')['otel.status_code'], undefined)
  })
})

describe('traces to OTLP', () => {
  it('are posted as JSON with resource, ids, kinds and times', async (t) => {
    const scene = openScene(t)
    const [collector, work] = [await openCollector(scene), await target(scene)]
    const { url } = await scene.gateway({
      ...tracesTo(collector, { exporter: 'otlp', url: `${collector.url}/v1/traces` }),
      upstreams: upstreamOf(work),
      routes: forwardAll,
    })
    await ask(`${url}/x`)
    await until(
      () => 'a post',
      () => collector.posts.length > 0,
    )
    const post = collector.posts[0]
    assert.equal(post?.path, '/v1/traces')
    assert.match(post?.headers['content-type'] ?? '', /^application\/json/)
    interface OtlpSpan {
      readonly traceId: string
      readonly spanId: string
      readonly parentSpanId?: string
      readonly kind: number
      readonly startTimeUnixNano: string
      readonly endTimeUnixNano: string
    }
    const { resourceSpans } = (post?.body ?? {}) as {
      resourceSpans: readonly { resource: object; scopeSpans: readonly { spans: readonly OtlpSpan[] }[] }[]
    }
    assert.match(JSON.stringify(resourceSpans[0]?.resource), /"service.name","value":\{"stringValue":"hedgerow"\}/)
    const spans = resourceSpans[0]?.scopeSpans.flatMap(({ spans: some }) => some) ?? []
    // SERVER and CLIENT, as numbered in opentelemetry/proto/trace/v1/trace.proto.
    const [call, attempt] = [2, 3].map((kind) => spans.find((span) => span.kind === kind))
    assert.ok(call !== undefined && attempt !== undefined)
    assert.match(call.traceId, /^[\da-f]{32}$/)
    assert.deepEqual([attempt.traceId, attempt.parentSpanId], [call.traceId, call.spanId])
    for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
      assert.match(startTimeUnixNano, /^\d{19}$/)
      assert.ok(BigInt(endTimeUnixNano) > BigInt(startTimeUnixNano))
    }
  })
})

describe('the example of the reference', () => {
  it('is a valid configuration', () => {
    const result = parseConfig(telemetryExample, { file: 'telemetry', env: {} })
    assert.ok(result.ok, JSON.stringify(result))
  })
})

describe('without traces', () => {
  it('trace headers are forwarded unchanged, valid or not', async (t) => {
    const scene = openScene(t)
    const work = await target(scene)
    const { url } = await scene.gateway({ upstreams: upstreamOf(work), routes: forwardAll })
    await ask(url, { headers: { traceparent: sampled } })
    await ask(url, { headers: { traceparent: 'nonsense' } })
    assert.deepEqual(
      work.seen.map(({ traceparent }) => traceparent),
      [sampled, 'nonsense'],
    )
  })
})

describe('a collector that', () => {
  const collectors: Readonly<Record<string, (scene: Scene) => Promise<{ readonly url: string }>>> = {
    'is absent': async () => ({ url: `http://127.0.0.1:${await deadPort()}` }),
    'answers 500': (scene) => openCollector(scene, (response) => response.writeHead(500).end('no')),
    'answers garbage': (scene) => scene.wireTarget((wire) => wire.send('what is this?\r\n\r\n')),
    redirects: (scene) => openCollector(scene, (response) => response.writeHead(307, { location: '/' }).end()),
    'dies within its answer': (scene) =>
      openCollector(scene, (response) => {
        response.writeHead(200, { 'content-length': 10 }).write('x')
        setTimeout(() => response.destroy(), 5)
      }),
    'never answers': (scene) => openCollector(scene, () => {}),
    'answers without end': (scene) =>
      openCollector(scene, (response) => {
        response.writeHead(500)
        const more = setInterval(() => response.write('x'.repeat(1000)), 1)
        response.on('close', () => clearInterval(more))
      }),
  }
  for (const exporter of ['zipkin', 'otlp'] as const) {
    for (const [name, open] of Object.entries(collectors)) {
      it(`${name} costs only spans, which are counted and logged once (${exporter})`, async (t) => {
        const scene = openScene(t)
        const [collector, work] = [await open(scene), await target(scene)]
        const told: string[] = []
        const opened: OpenGateway = await scene.gateway(
          {
            ...tracesTo(collector, { exporter, timeout: '300ms' }),
            upstreams: upstreamOf(work),
            routes: forwardAll,
          },
          { log: (text) => told.push(text) },
        )
        for (let i = 0; i < 20; i++) assert.equal((await ask(opened.url)).status, 200)
        if (name !== 'dies within its answer') {
          await until(
            () => 'the failure is reported',
            () => told.length > 0,
          )
        }
        const startedAt = Date.now()
        await opened.gateway.close()
        assert.ok(Date.now() - startedAt < 2500)
        assert.ok(told.length <= 1, told.join('\n'))
        for (const text of told)
          assert.match(text, /traces cannot be sent, spans are dropped \(telemetry\.traces\.url\): \S/)
      })
    }
  }
})
