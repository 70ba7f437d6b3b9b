import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../kit/random.ts'
import { resumedTraceOf, type SamplingOptions, traceOf } from './sampling.ts'
import { parentContext, traceparent } from './trace-context.ts'

const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const sampled = ['traceparent', traceparent(parent.traceId, parent.spanId), 'tracestate', 'a=1']
const unsampled = sampled.map((text) => text.replace(/-01$/, '-00'))
const never: SamplingOptions = { sample: 0, parent: 'follow' }
const always: SamplingOptions = { sample: 1, parent: 'follow' }
const random = seededRandom(7)

describe('traceOf', () => {
  it('traces the configured share, each call with valid ids of its own', () => {
    const options: SamplingOptions = { sample: 0.1, parent: 'follow' }
    const traces = Array.from({ length: 10_000 }, () => traceOf([], options, random)).filter((one) => one !== undefined)
    assert.ok(traces.length > 900 && traces.length < 1100, String(traces.length))
    const ids = traces.flatMap(({ traceId, spanId }) => [traceId, spanId as string])
    assert.equal(new Set(ids).size, ids.length)
    for (const { traceId, spanId } of traces)
      assert.ok(parentContext(['traceparent', traceparent(traceId, spanId as string)]))
  })

  it('draws once per call', () => {
    let draws = 0
    traceOf([], never, () => {
      draws++
      return 0.5
    })
    assert.equal(draws, 1)
  })

  it('follows the parent: its trace if sampled, none otherwise', () => {
    const trace = traceOf(sampled, never, random)
    assert.equal(trace?.traceId, parent.traceId)
    assert.equal(trace?.parentSpanId, parent.spanId)
    assert.equal(trace?.state, 'a=1')
    assert.notEqual(trace?.spanId, parent.spanId)
    assert.equal(traceOf(unsampled, always, random), undefined)
  })

  it('with `ratio`, samples by its share, within the trace of the parent', () => {
    assert.equal(traceOf(sampled, { ...never, parent: 'ratio' }, random), undefined)
    assert.equal(traceOf(unsampled, { ...always, parent: 'ratio' }, random)?.traceId, parent.traceId)
  })

  it('ignores an invalid parent', () => {
    const trace = traceOf(['traceparent', 'nonsense', 'tracestate', 'a=1'], always, random)
    assert.deepEqual([trace?.parentSpanId, trace?.state], [undefined, ''])
  })
})

describe('resumedTraceOf', () => {
  it("makes attempts children of the client's span, or roots of a new trace", () => {
    assert.equal(resumedTraceOf(sampled, never, random)?.spanId, parent.spanId)
    assert.equal(resumedTraceOf([], always, random)?.spanId, undefined)
  })
})
