import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { Ajv } from 'ajv'
import { zipkinSpans } from '../../../test/telemetry/zipkin-span-schema.ts'
import { zipkinJson } from './zipkin.ts'

const ids = { traceId: '1'.repeat(32), traceFlags: 1 }

const plain: ReadableSpan = {
  name: 'GET /x',
  kind: SpanKind.SERVER,
  spanContext: () => ({ ...ids, spanId: '2'.repeat(16) }),
  startTime: [1_700_000_000, 123_456_000],
  endTime: [1_700_000_001, 123_457_000],
  duration: [1, 1000],
  status: { code: SpanStatusCode.UNSET },
  attributes: {},
  links: [],
  events: [],
  ended: true,
  resource: resourceFromAttributes({ 'service.name': 'edge' }),
  instrumentationScope: { name: 'hedgerow' },
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
}

function written(change: Partial<ReadableSpan> = {}) {
  const spans: unknown = JSON.parse(zipkinJson([{ ...plain, ...change }]))
  const validate = new Ajv({ allErrors: true }).compile(zipkinSpans)
  assert.ok(validate(spans), JSON.stringify(validate.errors))
  return (spans as readonly Readonly<Record<string, unknown>>[])[0]
}

describe('zipkinJson', () => {
  it('writes ids, name, kind, service and microseconds', () => {
    assert.deepEqual(written(), {
      traceId: '1'.repeat(32),
      id: '2'.repeat(16),
      name: 'GET /x',
      kind: 'SERVER',
      timestamp: 1_700_000_000_123_456,
      duration: 1_000_001,
      localEndpoint: { serviceName: 'edge' },
      tags: { 'service.name': 'edge' },
    })
  })

  it('writes the parent of a span that has one', () => {
    assert.equal(written({ parentSpanContext: { ...ids, spanId: '3'.repeat(16) } })?.['parentId'], '3'.repeat(16))
  })

  it('writes attributes as tags, all of them strings', () => {
    const tags = written({ attributes: { count: 3, isGood: true, names: ['a', 'b'] } })?.['tags']
    assert.deepEqual(tags, { count: '3', isGood: 'true', names: 'a,b', 'service.name': 'edge' })
  })

  for (const [status, tags] of [
    [{ code: SpanStatusCode.OK }, { 'otel.status_code': 'OK' }],
    [
      { code: SpanStatusCode.ERROR, message: 'refused' },
      { 'otel.status_code': 'ERROR', error: 'refused' },
    ],
    [{ code: SpanStatusCode.ERROR }, { 'otel.status_code': 'ERROR', error: '' }],
  ] as const) {
    it(`writes the status ${JSON.stringify(status)} as tags`, () => {
      assert.deepEqual(written({ status })?.['tags'], { 'service.name': 'edge', ...tags })
    })
  }

  it('reports how many attributes a limit has dropped', () => {
    const tags = written({ droppedAttributesCount: 2 })?.['tags']
    assert.deepEqual(tags, { 'service.name': 'edge', 'otel.dropped_attributes_count': '2' })
  })

  it('writes whole microseconds, and at least one for an empty span', () => {
    const span = written({ startTime: [1, 1400], duration: [0, 0] })
    assert.deepEqual([span?.['timestamp'], span?.['duration']], [1_000_001, 1])
  })

  it('writes no kind for an internal span', () => {
    assert.equal(written({ kind: SpanKind.INTERNAL })?.['kind'], undefined)
  })
})
