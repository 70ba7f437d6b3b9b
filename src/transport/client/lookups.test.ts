import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { describe, it } from 'node:test'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { Lookups, type ResolveName } from './lookups.ts'

const found: readonly LookupAddress[] = [{ address: '10.0.0.1', family: 4 }]
const noAnswerMs = 10_000

/** A system with two lookup threads, libuv's default. A name that no server answers for blocks one for 10 s. */
class System {
  readonly clock = new VirtualClock()
  readonly memory = new SharedMemory()
  readonly asked: string[] = []
  readonly silent = new Set<string>()
  /** Silent names that occupy a thread. */
  blocked = 0
  mostBlocked = 0
  #busy = 0
  readonly #queue: (() => void)[] = []

  readonly ask: ResolveName = async (host) => {
    if (this.#busy === 2) await new Promise<void>((begin) => this.#queue.push(begin))
    this.#busy++
    this.asked.push(host)
    try {
      if (!this.silent.has(host)) return found
      this.mostBlocked = Math.max(this.mostBlocked, ++this.blocked)
      await new Promise<void>((over) => this.clock.after(noAnswerMs, over))
      this.blocked--
      throw Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' })
    } finally {
      this.#busy--
      this.#queue.shift()?.()
    }
  }

  /** The lookups of one gateway thread. */
  lookups(): Lookups {
    return new Lookups({ clock: this.clock, memory: this.memory, ask: this.ask })
  }
}

/** The result of a lookup: `ok` or an error code; undefined while it is pending. */
function watched(lookup: Promise<unknown>): { end: string | undefined } {
  const result: { end: string | undefined } = { end: undefined }
  lookup.then(
    () => {
      result.end = 'ok'
    },
    (error: NodeJS.ErrnoException) => {
      result.end = error?.code ?? 'closed'
    },
  )
  return result
}

/** Eight names that no server answers for, each looked up once by each worker. */
async function outage(system: System, workers: readonly Lookups[]): Promise<readonly string[]> {
  const names = Array.from({ length: 8 }, (_, i) => `silent-${i}`)
  for (const name of names) system.silent.add(name)
  for (const worker of workers) for (const name of names) watched(worker.resolve(name))
  await system.clock.advance(100_000 * workers.length)
  return names
}

describe('Lookups', () => {
  it('resolves another name at once while failed names are retried', async () => {
    const system = new System()
    const lookups = system.lookups()
    const names = await outage(system, [lookups])
    for (const name of names) watched(lookups.resolve(name))
    await settled()
    const other = watched(lookups.resolve('in-hosts'))
    await settled()
    assert.equal(other.end, 'ok')
  })

  it('lets all failing names use one thread of the pool, however many workers ask', async () => {
    const system = new System()
    const workers = [system.lookups(), system.lookups(), system.lookups()]
    const names = await outage(system, workers)
    system.mostBlocked = 0
    for (const worker of workers) for (const name of names) watched(worker.resolve(name))
    await system.clock.advance(60_000)
    assert.equal(system.mostBlocked, 1)
  })

  it('fails at once with the last error during a growing backoff', async () => {
    const system = new System()
    const lookups = system.lookups()
    system.silent.add('gone')
    const waitsMs: number[] = []
    for (let i = 0; i < 6; i++) {
      watched(lookups.resolve('gone'))
      await system.clock.advance(noAnswerMs)
      const { length } = system.asked
      const soon = watched(lookups.resolve('gone'))
      await settled()
      assert.equal(soon.end, 'EAI_AGAIN')
      let waitedMs = 0
      for (; system.asked.length === length; waitedMs += 100) {
        await system.clock.advance(100)
        watched(lookups.resolve('gone'))
        await settled()
      }
      waitsMs.push(waitedMs)
      await system.clock.advance(noAnswerMs + 10_000)
    }
    assert.deepEqual(waitsMs, [1000, 4000, 10_000, 10_000, 10_000, 10_000])
  })

  it('resolves a name that works again, and without delay from then on', async () => {
    const system = new System()
    const lookups = system.lookups()
    system.silent.add('back')
    watched(lookups.resolve('back'))
    await system.clock.advance(noAnswerMs + 1000)
    system.silent.delete('back')
    for (let i = 0; i < 2; i++) {
      const again = watched(lookups.resolve('back'))
      await settled()
      assert.equal(again.end, 'ok')
    }
  })

  it('looks up once for all callers that wait for the same name', async () => {
    const system = new System()
    const lookups = system.lookups()
    system.silent.add('gone')
    watched(lookups.resolve('gone'))
    await system.clock.advance(noAnswerMs + 1000)
    const all = [1, 2, 3].map(() => watched(lookups.resolve('gone')))
    await system.clock.advance(noAnswerMs)
    assert.deepEqual(
      all.map(({ end }) => end),
      ['EAI_AGAIN', 'EAI_AGAIN', 'EAI_AGAIN'],
    )
    assert.equal(system.asked.length, 2)
  })

  it('does not count a lack of descriptors as a failure of the name', async () => {
    const { clock, memory } = new System()
    let isShort = true
    const ask: ResolveName = async () => {
      if (isShort) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' })
      return found
    }
    const lookups = new Lookups({ clock, memory, ask })
    await assert.rejects(lookups.resolve('work'), /too many/)
    isShort = false
    assert.equal(await lookups.resolve('work'), found)
  })

  it('leaves no timer and no waiting caller after close()', async () => {
    const system = new System()
    const lookups = system.lookups()
    const names = await outage(system, [lookups])
    const waiting = names.map((name) => watched(lookups.resolve(name)))
    await settled()
    lookups.close()
    // The remaining timer is the simulated system's, for the name that has the turn.
    assert.equal(system.clock.pendingCount, 1)
    await system.clock.advance(noAnswerMs)
    assert.ok(waiting.every(({ end }) => end !== undefined))
  })
})
