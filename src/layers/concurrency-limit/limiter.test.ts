import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { failure } from '../../core/failure.ts'
import { Scope } from '../../kit/scope.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { fixedLimit } from './adaptive-limit.ts'
import { ConcurrencyLimiter, type WaitEnd } from './limiter.ts'

interface Rules {
  readonly limit: number
  readonly queue?: number
  readonly timeMs?: number
  readonly workers?: number
}

interface Asked {
  readonly name: string
  readonly scope: Scope
  end: WaitEnd | undefined
  endedMs: number | undefined
}

/** Workers that share a limit, in one thread and in virtual time. */
function scene({ limit, queue = 10, timeMs = 100, workers = 1 }: Rules) {
  const clock = new VirtualClock()
  const memory = new SharedMemory({ slot: 0, slots: workers })
  const limiters = Array.from({ length: workers }, (_, slot) => {
    const seen = slot === 0 ? memory : new SharedMemory({ slot, slots: workers, regions: memory.regions() })
    return new ConcurrencyLimiter(fixedLimit(limit), { length: queue, timeMs }, seen, clock)
  })
  const turns: string[] = []
  const ask = (name: string, { worker = 0, priority = 5 } = {}): Asked => {
    const limiter = limiters[worker] as ConcurrencyLimiter
    const asked: Asked = { name, scope: new Scope(), end: undefined, endedMs: undefined }
    const ended = (end: WaitEnd): void => {
      asked.end = end
      asked.endedMs = clock.now()
      if (end === 'turn') turns.push(name)
    }
    if (limiter.tryEnter(priority)) ended('turn')
    else {
      const end = limiter.enter(asked.scope, priority)
      if (typeof end === 'string') ended(end)
      else void end.then(ended)
    }
    return asked
  }
  const leave = async (worker = 0): Promise<void> => {
    limiters[worker]?.leave()
    await settled()
  }
  const figures = () => limiters[0]?.figures() ?? assert.fail()
  return { clock, ask, leave, turns, figures, limiters }
}

const gone = failure('CLIENT_GONE', 'gone')

describe('the limiter', () => {
  it('admits as many calls as its limit, and no more', () => {
    const { ask, figures } = scene({ limit: 2, queue: 0 })
    assert.deepEqual([ask('a').end, ask('b').end, ask('c').end], ['turn', 'turn', 'full'])
    assert.deepEqual(figures(), { limit: 2, inFlight: 2, queued: 0 })
  })

  it('gives a free slot to the call that has waited longest', async () => {
    const { ask, leave, turns, figures, clock } = scene({ limit: 1 })
    for (const name of ['a', 'b', 'c']) ask(name)
    assert.deepEqual(figures(), { limit: 1, inFlight: 1, queued: 2 })
    await leave()
    await leave()
    assert.deepEqual(turns, ['a', 'b', 'c'])
    await leave()
    assert.deepEqual(figures(), { limit: 1, inFlight: 0, queued: 0 })
    assert.equal(clock.pendingCount, 0)
  })

  it('sheds a call at once if the queue is full', () => {
    const { ask } = scene({ limit: 1, queue: 1 })
    ask('a')
    ask('b')
    assert.equal(ask('c').end, 'full')
  })

  it('sheds a call that has waited for the maximum time', async () => {
    const { ask, clock, figures } = scene({ limit: 1, timeMs: 20 })
    ask('a')
    const waiting = ask('b')
    await clock.advance(30)
    assert.deepEqual([waiting.end, waiting.endedMs], ['waited', 20])
    assert.deepEqual([figures().queued, clock.pendingCount], [0, 0])
  })

  it('takes the newest first once the queue has not been empty for long, and shortens the wait', async () => {
    const { ask, leave, clock, turns } = scene({ limit: 1, timeMs: 10 })
    ask('first')
    for (let i = 0; i < 12; i++) {
      ask(`early-${i}`)
      await clock.advance(1)
    }
    const [older, newer] = [ask('older'), ask('newer')]
    await leave()
    assert.deepEqual(turns, ['first', 'newer'])
    await clock.advance(4)
    assert.deepEqual([older.end, (older.endedMs ?? 0) - 12], ['waited', 2])
    assert.equal(newer.end, 'turn')
  })

  it('then displaces the oldest for a new call', async () => {
    const { ask, clock } = scene({ limit: 1, queue: 2, timeMs: 10 })
    ask('first')
    ask('a')
    await clock.advance(5)
    ask('b')
    await clock.advance(6)
    const [c, d, e] = [ask('c'), ask('d'), ask('e')]
    await settled()
    assert.deepEqual([c.end, d.end, e.end], ['displaced', undefined, undefined])
  })

  it('returns to normal after every call was admitted at once for as long', async () => {
    const { ask, leave, clock, turns } = scene({ limit: 1, timeMs: 10 })
    ask('first')
    for (let i = 0; i < 12; i++) {
      ask(`early-${i}`)
      await clock.advance(1)
    }
    await clock.advance(20)
    await leave()
    ask('calm')
    ask('one')
    ask('two')
    await leave()
    assert.deepEqual(turns, ['first', 'calm', 'one'])
  })

  it('gives the turn to the higher priority, and sheds the lower one for it', async () => {
    const { ask, leave, turns } = scene({ limit: 1, queue: 2 })
    ask('first')
    const low = ask('low', { priority: 2 })
    ask('normal')
    ask('high', { priority: 8 })
    await settled()
    assert.equal(low.end, 'displaced')
    assert.equal(ask('low again', { priority: 2 }).end, 'full')
    await leave()
    await leave()
    assert.deepEqual(turns, ['first', 'high', 'normal'])
  })

  it('gives the higher priority all its turns in a lasting overload by a lower one', async () => {
    // 10 slots of 100 ms are 100 turns a second; demand is 50 a second of the higher priority and 400 of the lower.
    const { clock, ask, leave } = scene({ limit: 10, queue: 10, timeMs: 100 })
    const asked: { readonly priority: number; readonly one: Asked }[] = []
    const underWay = new Set<{ readonly one: Asked }>()
    for (let nowMs = 0; nowMs < 5000; nowMs++) {
      for (const [priority, everyMs] of [[8, 20] as const, [2, 2.5] as const]) {
        if (Math.floor((nowMs + 1) / everyMs) === Math.floor(nowMs / everyMs)) continue
        const call = { priority, one: ask(`${nowMs}`, { priority }) }
        asked.push(call)
        underWay.add(call)
      }
      for (const call of underWay) {
        const { end, endedMs = 0 } = call.one
        if (end !== undefined && (end !== 'turn' || clock.now() - endedMs >= 100)) {
          underWay.delete(call)
          if (end === 'turn') await leave()
        }
      }
      await clock.advance(1)
    }
    const share = (wanted: number): number => {
      const calls = asked.filter(({ priority }) => priority === wanted)
      return calls.filter(({ one }) => one.end === 'turn').length / calls.length
    }
    assert.ok(share(8) > 0.98, `${share(8)} of the higher`)
    assert.ok(share(2) > 0.1 && share(2) < 0.15, `${share(2)} of the lower, of which 50 a second have room`)
  })

  it('removes an aborted call from the queue at once', async () => {
    const { ask, clock, figures } = scene({ limit: 1 })
    ask('a')
    const waiting = ask('b')
    waiting.scope.onAbort(gone)
    await settled()
    assert.deepEqual([waiting.end, figures().queued, clock.pendingCount], ['aborted', 0, 0])
  })

  it('does not let new calls overtake waiting ones', async () => {
    const { ask, leave, turns, limiters } = scene({ limit: 2, workers: 2 })
    ask('a')
    ask('b')
    ask('c')
    // Another worker has freed a slot, which this one has not seen yet.
    await leave(1)
    ask('d', { worker: 1 })
    await settled()
    assert.deepEqual(turns, ['a', 'b'])
    assert.equal(limiters[0]?.figures().queued, 2)
  })
})

describe('several workers', () => {
  it('admit no more than the limit together', () => {
    const { ask, figures } = scene({ limit: 3, queue: 0, workers: 2 })
    const ends = Array.from({ length: 6 }, (_, i) => ask(`${i}`, { worker: i % 2 }).end)
    assert.deepEqual(ends, ['turn', 'turn', 'turn', 'full', 'full', 'full'])
    assert.equal(figures().inFlight, 3)
  })

  it('see a slot that another has freed within a millisecond', async () => {
    const { ask, leave, clock } = scene({ limit: 1, workers: 2 })
    ask('a')
    const waiting = ask('b', { worker: 1 })
    await clock.advance(10)
    await leave(0)
    assert.equal(waiting.end, undefined)
    await clock.advance(1)
    assert.equal(waiting.end, 'turn')
  })

  it('give each its share of the turns, also one whose own calls never end', async () => {
    const { ask, leave, clock } = scene({ limit: 4, queue: 100, timeMs: 1000, workers: 2 })
    for (let i = 0; i < 4; i++) ask(`first-${i}`)
    const [here, there] = [0, 1].map((worker) => Array.from({ length: 40 }, () => ask('x', { worker })))
    let freed = 0
    for (; freed < 40; freed++) {
      await leave(0)
      await clock.advance(1)
    }
    const turnsOf = (asked: readonly Asked[] = []) => asked.filter(({ end }) => end === 'turn').length
    assert.ok(turnsOf(there) >= 15, `${turnsOf(there)} of ${freed} there, ${turnsOf(here)} here`)
    assert.equal(turnsOf(here) + turnsOf(there), 40)
  })

  it('never exceed the limit, never keep a call beyond the time, and lose none', async () => {
    const step = fc.record({
      does: fc.constantFrom('ask', 'ask', 'ask', 'leave', 'abort', 'pass'),
      worker: fc.nat(1),
      priority: fc.nat(9),
      ms: fc.nat(12),
    })
    const rules = { limit: fc.integer({ min: 1, max: 5 }), queue: fc.nat(6), timeMs: fc.integer({ min: 1, max: 30 }) }
    await fc.assert(
      fc.asyncProperty(fc.record(rules), fc.array(step, { maxLength: 120 }), async (given, steps) => {
        const { ask, leave, clock, figures } = scene({ ...given, workers: 2 })
        const all: { readonly asked: Asked; readonly worker: number; readonly atMs: number; left: boolean }[] = []
        for (const { does, worker, priority, ms } of steps) {
          const atMs = clock.now()
          if (does === 'ask') all.push({ asked: ask('x', { worker, priority }), worker, atMs, left: false })
          if (does === 'pass') await clock.advance(ms)
          if (does === 'abort') all.find(({ asked }) => asked.end === undefined)?.asked.scope.onAbort(gone)
          if (does === 'leave') {
            const one = all.find((each) => each.asked.end === 'turn' && !each.left)
            if (one !== undefined) {
              one.left = true
              await leave(one.worker)
            }
          }
          await settled()
          const inside = all.filter(({ asked, left }) => asked.end === 'turn' && !left).length
          const waiting = all.filter(({ asked }) => asked.end === undefined)
          assert.ok(inside <= given.limit)
          assert.ok(waiting.length <= given.queue)
          assert.deepEqual([figures().inFlight, figures().queued], [inside, waiting.length])
          for (const { atMs: since } of waiting) assert.ok(clock.now() - since <= given.timeMs + 1)
        }
        await clock.advance(given.timeMs + 1)
        assert.ok(all.every(({ asked }) => asked.end !== undefined))
        assert.equal(clock.pendingCount, 0)
      }),
    )
  })
})
