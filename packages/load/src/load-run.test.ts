import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { ErrorKind } from './error-kind.ts'
import { LoadRun, type RunOptions } from './load-run.ts'
import type { Ending, Sender } from './sender.ts'
import { parseStatusSet } from './status-set.ts'
import { summaryOf } from './summary.ts'

/** A target in virtual time: how long it takes for a request at that time, and the answer. */
interface FakeTarget {
  readonly takesMs?: (atMs: number) => number
  readonly ending?: (atMs: number) => Ending
}

const good: Ending = { kind: 'answered', status: 200 }
const failing = (error: ErrorKind): Ending => ({ kind: 'error', error, message: 'as told' })

function begin(options: Partial<RunOptions> & Pick<RunOptions, 'pace'>, target: FakeTarget = {}) {
  const clock = new VirtualClock()
  const sentAt: number[] = []
  let mostInFlight = 0
  let inFlight = 0
  const sender: Sender = {
    send: (_request, onEnd) => {
      const atMs = clock.now()
      sentAt.push(atMs)
      mostInFlight = Math.max(mostInFlight, ++inFlight)
      const end = (ending: Ending): void => {
        inFlight--
        timer.cancel()
        onEnd(ending)
      }
      const timer = clock.after(target.takesMs?.(atMs) ?? 100, () => end(target.ending?.(atMs) ?? good))
      return { abandon: () => end({ kind: 'abandoned' }) }
    },
    setLimit: () => {},
    close: () => {},
  }
  const requests = () => ({ path: '/', headers: [], body: undefined, lateAfterMs: undefined })
  const run = new LoadRun(
    { isGood: parseStatusSet('2xx'), timeoutMs: 10_000, goneAfterMs: 5000, ...options },
    { clock, sender, requests },
  )
  const over = run.start()
  const facts = { url: 'http://x/', method: 'GET', pace: options.pace, testerBusy: 0 }
  return {
    clock,
    run,
    sentAt,
    most: () => mostInFlight,
    over,
    summary: async () => summaryOf(run, { ...facts, end: await over }),
  }
}

describe('a closed loop', () => {
  it('has as many requests in flight as users, each sending its next when the last has ended', async () => {
    const { clock, sentAt, most, summary } = begin({ pace: { kind: 'closed', users: 5 }, durationMs: 1050 })
    await clock.runAll()
    const { counts, answersPerSecond, end } = await summary()
    assert.equal(end, 'finished')
    assert.equal(most(), 5)
    assert.equal(counts.completed, 55)
    assert.equal(sentAt.length, 55)
    // Answers after the end count as completed, but not in the rate.
    assert.equal(answersPerSecond.toFixed(3), '47.619')
    assert.equal(clock.pendingCount, 0)
  })

  it('sends exactly the count, whatever the number of users and failures', async () => {
    for (const [users, count] of [
      [1, 7],
      [10, 7],
      [3, 100],
    ] as const) {
      const ending = (atMs: number): Ending => (atMs % 300 === 0 ? failing('refused') : good)
      const { clock, sentAt, summary } = begin({ pace: { kind: 'closed', users }, count }, { ending })
      await clock.runAll()
      const { counts } = await summary()
      assert.deepEqual([counts.sent, sentAt.length, counts.completed + counts.errors], [count, count, count])
    }
  })

  it('adds and removes users while it runs', async () => {
    const { clock, run, summary } = begin({ pace: { kind: 'closed', users: 1 } })
    await clock.advance(50)
    run.setPace(10)
    assert.equal(run.recorder.tally.inFlightCount, 10)
    run.setPace(2)
    await clock.advance(500)
    assert.equal(run.recorder.tally.inFlightCount, 2)
    run.stop()
    await clock.runAll()
    const { end, counts } = await summary()
    assert.equal(end, 'stopped')
    assert.equal(counts.sent, counts.completed)
  })

  it('does not hammer a target that refuses: a user waits 100 ms', async () => {
    const { clock, sentAt } = begin(
      { pace: { kind: 'closed', users: 1 }, durationMs: 1000, goneAfterMs: undefined },
      { takesMs: () => 0, ending: () => failing('refused') },
    )
    await clock.runAll()
    assert.equal(sentAt.length, 10)
  })
})

describe('an open loop', () => {
  it('sends exactly rate times duration, each within a millisecond of its time', async () => {
    const { clock, sentAt, summary } = begin({
      pace: { kind: 'open', perSecond: 40, maxConnections: 100 },
      durationMs: 2000,
    })
    await clock.runAll()
    const { counts, latency } = await summary()
    assert.equal(counts.completed, 80)
    for (const [number, atMs] of sentAt.entries()) assert.ok(Math.abs(atMs - number * 25) <= 1, `${number} at ${atMs}`)
    assert.ok(Math.abs((latency?.maxMs ?? 0) - 100) <= 1)
  })

  it('sends exactly the requested count', async () => {
    const { clock, sentAt } = begin({ pace: { kind: 'open', perSecond: 1000, maxConnections: 100 }, count: 33 })
    await clock.runAll()
    assert.equal(sentAt.length, 33)
  })

  it('includes the waiting that a stall causes, which the time since sending leaves out', async () => {
    // One connection, 100 requests a second, 1 ms each; but from 1 s to 2 s nothing is answered.
    const takesMs = (atMs: number): number => (atMs >= 1000 && atMs < 2000 ? 2000 - atMs : 1)
    const { clock, summary } = begin(
      { pace: { kind: 'open', perSecond: 100, maxConnections: 1 }, durationMs: 4000 },
      { takesMs },
    )
    await clock.runAll()
    const { counts, latency, latencyFromSending } = await summary()
    assert.equal(counts.completed, 400)
    // A quarter of all requests was due during the stall, and waited half a second on average.
    assert.ok((latency?.p90Ms ?? 0) > 500, `p90 ${latency?.p90Ms}`)
    assert.ok((latency?.meanMs ?? 0) > 100)
    assert.ok((latencyFromSending?.p99Ms ?? 0) < 3, `p99 from sending ${latencyFromSending?.p99Ms}`)
  })

  it('never has more in flight than connections, and reports the requests that it could not send', async () => {
    const { clock, most, summary, sentAt } = begin(
      { pace: { kind: 'open', perSecond: 100, maxConnections: 3 }, durationMs: 1000, timeoutMs: 500 },
      { takesMs: () => 500 },
    )
    await clock.runAll()
    const { counts, end } = await summary()
    assert.equal(end, 'finished')
    assert.equal(most(), 3)
    assert.equal(sentAt.length, counts.sent)
    assert.equal(counts.sent + counts.unsent, 100)
    assert.ok(counts.sent >= 9 && counts.sent <= 12, String(counts.sent))
  })

  it('continues at the new rate after a change', async () => {
    const { clock, run, sentAt } = begin({ pace: { kind: 'open', perSecond: 10, maxConnections: 100 } })
    await clock.advance(999)
    assert.ok(sentAt.length === 10 || sentAt.length === 11, String(sentAt.length))
    run.setPace(100)
    await clock.advance(1000)
    assert.ok(sentAt.length >= 109 && sentAt.length <= 111, String(sentAt.length))
    run.interrupt()
  })
})

describe('the end of a run', () => {
  it('waits for requests in flight when the duration is over', async () => {
    const { clock, summary } = begin({ pace: { kind: 'closed', users: 2 }, durationMs: 150 })
    await clock.runAll()
    const { counts, sendingMs, elapsedMs } = await summary()
    assert.deepEqual([counts.sent, counts.completed, sendingMs, elapsedMs], [4, 4, 150, 200])
  })

  it('comes at once on an interrupt, and requests in flight are counted separately', async () => {
    const { clock, run, summary } = begin({ pace: { kind: 'closed', users: 4 }, durationMs: 60_000 })
    await clock.advance(250)
    run.interrupt()
    const { counts, end } = await summary()
    assert.deepEqual(
      [end, counts.sent, counts.completed, counts.abandoned, counts.inFlight],
      ['interrupted', 12, 8, 4, 0],
    )
    assert.equal(clock.pendingCount, 0)
  })

  it('comes when the target has been gone for as long as allowed, and not before', async () => {
    const ending = (atMs: number): Ending => (atMs < 2000 ? good : failing('refused'))
    const options = { pace: { kind: 'closed', users: 3 }, durationMs: 60_000 } as const
    const { clock, run, summary } = begin(options, { takesMs: () => 10, ending })
    await clock.advance(6900)
    assert.ok(run.nowMs >= 6900 && clock.pendingCount > 0)
    await clock.runAll()
    const { end, elapsedMs } = await summary()
    assert.equal(end, 'target gone')
    assert.ok(elapsedMs >= 7000 && elapsedMs < 7200, String(elapsedMs))
  })

  it('comes after a second if the target was never there, or not at all if so configured', async () => {
    const target = { takesMs: () => 1, ending: () => failing('name not found') }
    const never = begin({ pace: { kind: 'closed', users: 1 }, durationMs: 3000 }, target)
    await never.clock.runAll()
    assert.equal((await never.summary()).end, 'target gone')
    const off = begin({ pace: { kind: 'closed', users: 1 }, durationMs: 3000, goneAfterMs: undefined }, target)
    await off.clock.runAll()
    assert.equal((await off.summary()).end, 'finished')
  })

  it('does not come while the target is only briefly away', async () => {
    const ending = (atMs: number): Ending => (atMs > 1000 && atMs < 5000 ? failing('refused') : good)
    const { clock, summary } = begin({ pace: { kind: 'closed', users: 2 }, durationMs: 8000 }, { ending })
    await clock.runAll()
    assert.equal((await summary()).end, 'finished')
  })

  it('is the same whether it is requested once or twice', async () => {
    const { clock, run, over } = begin({ pace: { kind: 'open', perSecond: 10, maxConnections: 5 } })
    await clock.advance(100)
    run.stop()
    run.interrupt('stopped')
    run.stop()
    await settled()
    assert.equal(await over, 'stopped')
    assert.equal(clock.pendingCount, 0)
  })
})
