import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CoarseHistogram } from './coarse-histogram.ts'
import { errorKinds } from './error-kind.ts'
import { FineHistogram } from './fine-histogram.ts'
import { Recorder } from './recorder.ts'
import type { Ending } from './sender.ts'
import { parseStatusSet } from './status-set.ts'
import { failed } from './summary.ts'
import { Timeline } from './timeline.ts'

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)

const anEnding: fc.Arbitrary<Ending> = fc.oneof(
  fc.integer({ min: 100, max: 599 }).map((status) => ({ kind: 'answered' as const, status })),
  fc.constantFrom(...errorKinds).map((error) => ({ kind: 'error' as const, error, message: 'so it went' })),
  fc.constantFrom({ kind: 'timed out' as const }, { kind: 'abandoned' as const }),
)

describe('counts', () => {
  it('add up to the requests sent, whatever happens in whatever order', () => {
    const steps = fc.array(fc.record({ ending: anEnding, tookMs: fc.double({ min: 0, max: 5000, noNaN: true }) }))
    fc.assert(
      fc.property(steps, fc.nat(20), (steps, stillInFlight) => {
        const recorder = new Recorder(parseStatusSet('2xx,503'))
        for (let i = 0; i < steps.length + stillInFlight; i++) recorder.sent(i)
        for (const [i, { ending, tookMs }] of steps.entries()) {
          recorder.ended(ending, { dueMs: i, sentMs: i, lateAfterMs: 1000 }, i + tookMs, true)
        }
        const counts = recorder.tally.counts(0)
        const { sent, completed, late, badStatus, errors, timedOut, abandoned, inFlight, statuses, errorKinds } = counts
        assert.equal(sent, steps.length + stillInFlight)
        assert.equal(inFlight, stillInFlight)
        assert.equal(completed + late + badStatus + errors + timedOut + abandoned + inFlight, sent)
        assert.equal(sum(Object.values(statuses)), completed + late + badStatus)
        assert.equal(sum(Object.values(errorKinds).map(({ count }) => count)), errors)
        assert.equal(recorder.latency.count, completed + late + badStatus + timedOut)
        assert.equal(failed(counts), sent - completed - abandoned - inFlight)
        const moments = recorder.timeline.moments()
        assert.equal(sum(moments.map((moment) => moment.sent)), sent)
        assert.equal(sum(moments.map((moment) => moment.completed)), completed)
        assert.equal(sum(moments.map((moment) => moment.failed)), failed(counts))
      }),
    )
  })

  it('count an answer as late by the time since it was due, unless it failed anyway', () => {
    const recorder = new Recorder(parseStatusSet('200'))
    const sending = { dueMs: 0, sentMs: 900, lateAfterMs: 1000 }
    assert.equal(recorder.ended({ kind: 'answered', status: 200 }, sending, 1001, true), 'late')
    assert.equal(recorder.ended({ kind: 'answered', status: 200 }, sending, 1000, true), 'completed')
    assert.equal(recorder.ended({ kind: 'answered', status: 500 }, sending, 5000, true), 'badStatus')
    assert.equal(recorder.latency.quantiles()?.maxMs, 5000)
    assert.equal(recorder.fromSending.quantiles()?.maxMs, 4100)
  })

  it('give the figures since the last call', () => {
    const recorder = new Recorder(parseStatusSet('200'))
    const sending = { dueMs: 0, sentMs: 0, lateAfterMs: undefined }
    recorder.sent(0)
    recorder.ended({ kind: 'answered', status: 200 }, sending, 100, true)
    assert.equal(recorder.takeInterval(1000).ended, 1)
    const { ended, widthMs, p50Ms } = recorder.takeInterval(1500)
    assert.deepEqual([ended, widthMs, p50Ms], [0, 500, undefined])
  })
})

const someTimes = fc.array(fc.double({ min: 0.001, max: 3_000_000, noNaN: true }), { minLength: 1, maxLength: 300 })

function exactQuantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number
}

describe('histograms', () => {
  it('are close to the exact quantile: 3.2 % coarse, 0.1 % and a microsecond fine', () => {
    fc.assert(
      fc.property(someTimes, fc.constantFrom(0.5, 0.9, 0.99), (times, share) => {
        const [coarse, fine] = [new CoarseHistogram(), new FineHistogram()]
        for (const ms of times) {
          coarse.record(ms)
          fine.record(ms)
        }
        const exact = exactQuantile(times, share)
        const near = (value: number | undefined, tolerance: number): void =>
          assert.ok(Math.abs((value ?? Number.NaN) - exact) <= exact * tolerance + 0.001, `${value} for ${exact}`)
        near(coarse.quantileMs(share), 0.032)
        const quantiles = fine.quantiles()
        near(share === 0.5 ? quantiles?.p50Ms : share === 0.9 ? quantiles?.p90Ms : quantiles?.p99Ms, 0.0011)
      }),
    )
  })

  it('lose nothing when they are added up or drawn in spans', () => {
    fc.assert(
      fc.property(someTimes, someTimes, fc.integer({ min: 1, max: 30 }), (one, other, limit) => {
        const [a, b, both] = [new CoarseHistogram(), new CoarseHistogram(), new CoarseHistogram()]
        for (const ms of one) a.record(ms)
        for (const ms of other) b.record(ms)
        for (const ms of [...one, ...other]) both.record(ms)
        a.add(b)
        assert.deepEqual(a.spans(limit), both.spans(limit))
        const spans = a.spans(limit)
        assert.ok(spans.length <= limit)
        assert.equal(sum(spans.map(({ count }) => count)), one.length + other.length)
        assert.ok((spans[0]?.fromMs ?? 0) <= Math.min(...one, ...other) * 1.000001)
        assert.ok((spans.at(-1)?.toMs ?? 0) >= Math.max(...one, ...other))
      }),
    )
  })

  it('count values beyond their range in the end buckets', () => {
    const [coarse, fine] = [new CoarseHistogram(), new FineHistogram()]
    for (const ms of [0, -1, 1e12]) {
      coarse.record(ms)
      fine.record(ms)
    }
    assert.equal(coarse.total, 3)
    assert.deepEqual([fine.quantiles()?.minMs, fine.quantiles()?.maxMs], [0, 3_600_000])
  })

  it('have a percentile curve that never falls and ends at the maximum', () => {
    fc.assert(
      fc.property(someTimes, (times) => {
        const fine = new FineHistogram()
        for (const ms of times) fine.record(ms)
        const curve = fine.curve()
        for (const [place, point] of curve.entries()) {
          const before = curve[place - 1]
          assert.ok(before === undefined || (before.percentile < point.percentile && before.ms <= point.ms))
        }
        assert.equal(curve.at(-1)?.percentile, 100)
        assert.equal(curve.at(-1)?.ms, fine.quantiles()?.maxMs)
      }),
    )
  })
})

describe('a timeline', () => {
  it('stays small and loses nothing, however long the run', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { maxLength: 100 }), (times) => {
        const timeline = new Timeline()
        for (const atMs of times) {
          timeline.sent(atMs)
          timeline.ended(atMs, 'completed', 5)
        }
        const moments = timeline.moments()
        assert.ok(moments.length <= 256)
        assert.equal(sum(moments.map(({ sent }) => sent)), times.length)
        assert.equal(sum(moments.map(({ ended }) => ended)), times.length)
        assert.equal(timeline.total().total, times.length)
        for (const { startMs, widthMs, sent } of moments) {
          assert.equal(sent, times.filter((ms) => ms >= startMs && ms < startMs + widthMs).length)
        }
      }),
    )
  })
})
