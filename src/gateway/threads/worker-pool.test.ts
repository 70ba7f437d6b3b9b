import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { type Regions, SharedMemory } from '../../kit/shared-memory.ts'
import type { ExitReason, PoolThread } from './pool-options.ts'
import type { WorkerState } from './protocol.ts'
import { Pool } from './worker-pool.ts'

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
  /** Never answers a preparation. */
  isStuck = false
  failsCommit = false
  prepared: Setup | undefined

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
  async prepare(setup: Setup): Promise<Regions> {
    if (this.isStuck) await this.ended
    if (this.hasEnded) throw new Error('it has ended')
    if (this.refuses !== undefined) throw new Error(this.refuses)
    this.prepared = setup
    return state.regions
  }
  async commit(): Promise<WorkerState> {
    if (this.failsCommit || this.hasEnded || this.prepared === undefined) throw new Error('it cannot')
    this.setups.push(this.prepared)
    this.prepared = undefined
    return state
  }
  async rollback(): Promise<void> {
    if (this.hasEnded) throw new Error('it has ended')
    this.prepared = undefined
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
  const scene = { refuses: undefined as string | undefined }
  /** The number of serving workers each time a worker was given its setup. */
  const besides: number[] = []
  const setupsOf =
    (config: string) =>
    (_thread: FakeThread, _regions: Regions, first: WorkerState | undefined): Setup => {
      besides.push(pool.serving.length)
      return { config, port: first?.address.port }
    }
  const pool = new Pool<Setup, FakeThread>({
    range: { min, max },
    slots: 8,
    clock,
    log: (text) => logged.push(text),
    startThread: (slot, number) => {
      const thread = new FakeThread(slot, number, scene.refuses)
      threads.push(thread)
      return thread
    },
    setupFor: setupsOf('first'),
    onState: () => {},
    onEnded: ({ number }, reason) => ends.push([number, reason]),
  })
  const serving = (): readonly number[] => pool.serving.map(({ number }) => number)
  const prepare = (config: string) => pool.prepare({ range: { min, max }, setupFor: setupsOf(config) })
  const reload = async (config: string): Promise<void> => {
    const change = await prepare(config)
    change.commit()
    await change.inForce()
  }
  /** The configuration of each serving worker. */
  const inForce = () => pool.serving.map(({ setups }) => setups.at(-1)?.config)
  return { clock, pool, threads, ends, logged, scene, serving, besides, prepare, reload, inForce }
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
    const waits = bornAt.map((at, index) => at - (bornAt[index - 1] ?? 0)).slice(1)
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

  it('reloads every worker; whichever refuses, none has changed', async () => {
    const { pool, threads, reload, inForce } = poolOf(3)
    await pool.start()
    await reload('second')
    assert.deepEqual(inForce(), ['second', 'second', 'second'])
    for (const thread of threads) {
      thread.refuses = 'the address is none of this machine'
      await assert.rejects(reload('third'), /none of this machine/)
      thread.refuses = undefined
      assert.deepEqual(inForce(), ['second', 'second', 'second'])
      assert.ok(threads.every(({ prepared, hasEnded }) => prepared === undefined && !hasEnded))
    }
    await reload('fourth')
    assert.deepEqual(inForce(), ['fourth', 'fourth', 'fourth'])
    pool.stop()
  })

  it('leaves every worker as it was when a prepared reload is rolled back', async () => {
    const { pool, threads, prepare, inForce } = poolOf(2)
    await pool.start()
    const change = await prepare('second')
    await change.rollback()
    assert.deepEqual(
      [inForce(), threads.map(({ prepared }) => prepared)],
      [
        ['first', 'first'],
        [undefined, undefined],
      ],
    )
    pool.stop()
  })

  for (const [end, config] of [
    ['commit', 'second'],
    ['rollback', 'first'],
  ] as const) {
    it(`replaces a worker that dies before the ${end} only after it, with what is in force then`, async () => {
      const { clock, pool, threads, prepare, inForce, serving } = poolOf(2)
      await pool.start()
      await clock.advance(5000)
      const change = await prepare('second')
      threads[0]?.die('out of memory')
      await clock.advance(5000)
      assert.deepEqual([threads.length, serving()], [2, [2]])
      await change[end]()
      await clock.advance(1)
      assert.deepEqual(
        [serving(), inForce()],
        [
          [2, 3],
          [config, config],
        ],
      )
      pool.stop()
    })
  }

  it('does without a worker that dies or hangs while it is prepared, and replaces it', async () => {
    const { clock, pool, threads, reload, inForce, serving } = poolOf(3)
    await pool.start()
    await clock.advance(5000)
    const [first, , last] = threads as [FakeThread, FakeThread, FakeThread]
    for (const thread of [first, last]) Object.assign(thread, { isStuck: true, hangs: true })
    const reloaded = reload('second')
    await clock.advance(1000)
    first.die('out of memory')
    await clock.advance(31_000)
    await reloaded
    assert.deepEqual(
      [serving(), inForce()],
      [
        [2, 4, 5],
        ['second', 'second', 'second'],
      ],
    )
    pool.stop()
  })

  it('replaces a worker that fails to commit', async () => {
    const { clock, pool, threads, reload, inForce, serving } = poolOf(2)
    await pool.start()
    await clock.advance(5000)
    ;(threads[1] as FakeThread).failsCommit = true
    await reload('second')
    await clock.advance(1)
    assert.deepEqual(
      [serving(), inForce()],
      [
        [1, 3],
        ['second', 'second'],
      ],
    )
    pool.stop()
  })

  it('starts a single worker first when all must be replaced, as their shared state is set up again', async () => {
    const { pool, threads, reload, serving, besides } = poolOf(3)
    await pool.start()
    assert.deepEqual(besides.splice(0), [0, 1, 1])
    for (const thread of threads) thread.die('killed')
    await reload('second')
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

  it('rejects a setup with which no worker can start after all have died, and returns to the former', async () => {
    const { clock, pool, threads, scene, reload, inForce } = poolOf(2)
    await pool.start()
    await clock.advance(5000)
    for (const thread of threads) thread.die('killed')
    scene.refuses = 'the port is taken'
    await assert.rejects(reload('second'), /the port is taken/)
    scene.refuses = undefined
    await clock.advance(5000)
    assert.deepEqual(inForce(), ['first', 'first'])
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
