import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import type { WorkerState } from './protocol.ts'
import { type ExitReason, Pool, type PoolThread } from './worker-pool.ts'

type Setup = { readonly config: string; readonly port: number | undefined }

class FakeThread implements PoolThread<Setup> {
  readonly slot: number
  readonly number: number
  readonly setups: Setup[] = []
  readonly #end = Promise.withResolvers<string>()
  readonly #retired = Promise.withResolvers<void>()
  readonly ended = this.#end.promise
  hasEnded = false
  busy = 0.5
  hangs = false
  isRetiring = false
  refuses: string | undefined

  constructor(slot: number, number: number, refuses: string | undefined) {
    this.slot = slot
    this.number = number
    this.refuses = refuses
  }

  async start(setup: Setup): Promise<WorkerState> {
    if (this.refuses !== undefined) throw new Error(this.refuses)
    this.setups.push(setup)
    return state
  }
  reload(setup: Setup): Promise<WorkerState> {
    return this.start(setup)
  }
  retire(): Promise<void> {
    this.isRetiring = true
    return this.#retired.promise
  }
  ping(): Promise<void> {
    return this.hangs ? new Promise(() => {}) : Promise.resolve()
  }
  utilisation(): number {
    return this.busy
  }
  async terminate(): Promise<void> {
    this.die('')
  }
  die(reason: string): void {
    this.hasEnded = true
    this.#end.resolve(reason)
  }
  isEmpty(): void {
    this.#retired.resolve()
  }
}

const memory = new SharedMemory({ slot: 0, slots: 8 })
const inFlight = memory.levels('in flight', 1)
const state: WorkerState = {
  address: { address: '127.0.0.1', family: 'IPv4', port: 8080 },
  regions: memory.regions(),
  run: undefined,
}

function poolOf(min: number, max = min) {
  const clock = new VirtualClock()
  const threads: FakeThread[] = []
  const ends: [number, ExitReason][] = []
  const logged: string[] = []
  const scene = { config: 'first', refuses: undefined as string | undefined }
  /** The number of serving workers each time a worker was given its setup. */
  const besides: number[] = []
  const pool = new Pool<Setup, FakeThread>({
    range: { min, max },
    slots: 8,
    clock,
    log: (text) => logged.push(text),
    startThread: (place, number) => {
      const thread = new FakeThread(place, number, scene.refuses)
      threads.push(thread)
      return thread
    },
    setupFor: (_thread, _regions, first) => {
      besides.push(pool.serving.length)
      return { config: scene.config, port: first?.address.port }
    },
    onState: () => {},
    onEnded: ({ number }, reason) => ends.push([number, reason]),
  })
  const serving = (): readonly number[] => pool.serving.map(({ number }) => number)
  return { clock, pool, threads, ends, logged, scene, serving, besides }
}

describe('Pool', () => {
  it('starts the first worker alone, and the others with its results', async () => {
    const { pool, threads, serving } = poolOf(3)
    await pool.start()
    assert.deepEqual(
      threads.map(({ setups }) => setups[0]?.port),
      [undefined, 8080, 8080],
    )
    assert.deepEqual([serving(), new Set(threads.map(({ slot }) => slot)).size], [[1, 2, 3], 3])
    pool.stop()
  })

  it('does not start if the first worker cannot', async () => {
    const { pool, scene, threads } = poolOf(2)
    scene.refuses = 'the port is taken'
    await assert.rejects(pool.start(), /the port is taken/)
    assert.deepEqual([threads.length, pool.all.length], [1, 0])
    pool.stop()
  })

  it('replaces a dead worker at once, and clears its slot', async () => {
    const { clock, pool, threads, ends, logged, serving } = poolOf(2)
    await pool.start()
    await clock.advance(5000)
    inFlight.add(0, 7)
    threads[0]?.die('out of memory')
    await clock.advance(1)
    assert.deepEqual([serving(), ends, inFlight.sum(0)], [[2, 3], [[1, 'died']], 0])
    assert.match(logged.join(), /worker 1 died: out of memory/)
    assert.equal(threads[2]?.slot, 0)
    pool.stop()
  })

  it('waits longer and longer before replacing workers that die right after their start', async () => {
    const { clock, pool, threads } = poolOf(1)
    await pool.start()
    const bornAt: number[] = []
    for (let life = 1; life <= 6; life++) {
      threads.at(-1)?.die('of its start')
      while (threads.length === life) await clock.advance(50)
      bornAt.push(clock.now())
    }
    const waits = bornAt.map((at, place) => at - (bornAt[place - 1] ?? 0)).slice(1)
    assert.deepEqual(waits, [100, 200, 400, 800, 1600])
    pool.stop()
  })

  it('retries with growing delays if another worker cannot be started', async () => {
    const { clock, pool, threads, scene, serving } = poolOf(1)
    await pool.start()
    await clock.advance(3000)
    scene.refuses = 'no memory'
    threads[0]?.die('')
    await clock.advance(2000)
    assert.ok(threads.length >= 4 && threads.length <= 7, String(threads.length))
    scene.refuses = undefined
    await clock.advance(5000)
    assert.equal(serving().length, 1)
    pool.stop()
  })

  it('reloads the first, then all others; if the first refuses, nothing changes', async () => {
    const { clock, pool, threads, scene } = poolOf(3)
    await pool.start()
    scene.config = 'second'
    await pool.reload({ min: 3, max: 3 })
    assert.deepEqual(
      threads.map(({ setups }) => setups.at(-1)?.config),
      ['second', 'second', 'second'],
    )
    scene.config = 'third'
    ;(threads[0] as FakeThread).refuses = 'the address is none of this machine'
    await assert.rejects(pool.reload({ min: 3, max: 3 }), /none of this machine/)
    assert.deepEqual(
      threads.map(({ setups }) => setups.at(-1)?.config),
      ['second', 'second', 'second'],
    )
    await clock.advance(1)
    pool.stop()
  })

  it('starts a single worker first when all must be replaced, as their shared state is set up again', async () => {
    const { pool, threads, scene, serving, besides } = poolOf(3)
    await pool.start()
    assert.deepEqual(besides.splice(0), [0, 1, 1])
    for (const thread of threads) thread.die('killed')
    scene.config = 'second'
    await pool.reload({ min: 3, max: 3 })
    assert.deepEqual(
      [besides, serving()],
      [
        [0, 1, 1],
        [4, 5, 6],
      ],
    )
    assert.ok(threads.slice(3).every(({ setups }) => setups[0]?.config === 'second' && setups[0].port === 8080))
    pool.stop()
  })

  it('replaces a worker that cannot apply what the first could', async () => {
    const { clock, pool, threads, scene, serving } = poolOf(2)
    await pool.start()
    await clock.advance(5000)
    scene.config = 'second'
    ;(threads[1] as FakeThread).refuses = 'something of its own'
    await pool.reload({ min: 2, max: 2 })
    await clock.advance(1)
    assert.deepEqual([serving(), threads[2]?.setups[0]?.config], [[1, 3], 'second'])
    pool.stop()
  })

  it('adds a worker while all are busy, and retires the last one when it is no longer needed', async () => {
    const { clock, pool, threads, ends, serving } = poolOf(1, 2)
    await pool.start()
    ;(threads[0] as FakeThread).busy = 0.9
    await clock.advance(3500)
    assert.deepEqual(serving(), [1, 2])
    for (const thread of threads) thread.busy = 0.1
    await clock.advance(31_000)
    assert.deepEqual([serving(), threads[1]?.isRetiring, ends], [[1], true, []])
    threads[1]?.isEmpty()
    await clock.advance(1)
    assert.deepEqual(ends, [[2, 'idle']])
    pool.stop()
  })

  it('ends a worker whose event loop was blocked for half a minute', async () => {
    const { clock, pool, threads, logged, serving } = poolOf(2)
    await pool.start()
    ;(threads[0] as FakeThread).hangs = true
    await clock.advance(29_500)
    assert.deepEqual(serving(), [1, 2])
    await clock.advance(1000)
    assert.deepEqual(serving(), [2, 3])
    assert.match(logged.join(), /worker 1 unresponsive for 30 s/)
    pool.stop()
  })
})
