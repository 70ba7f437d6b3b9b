import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HeldMemory } from './held-memory.ts'
import { clearSlot, SharedMemory } from './shared-memory.ts'

const KiB = 1024

function threads(count: number, limitBytes: number): readonly HeldMemory[] {
  const first = new SharedMemory({ slot: 0, slots: count })
  const held = new HeldMemory(first, limitBytes)
  const others = Array.from({ length: count - 1 }, (_, i) => {
    return new HeldMemory(new SharedMemory({ slot: i + 1, slots: count, regions: first.regions() }), limitBytes)
  })
  return [held, ...others]
}

describe('HeldMemory', () => {
  it('shares one limit among all threads and never exceeds it', () => {
    const [one, other] = threads(2, 10 * KiB) as [HeldMemory, HeldMemory]
    assert.equal(one.take(6 * KiB), true)
    assert.equal(other.take(5 * KiB), false)
    assert.equal(other.take(4 * KiB), true)
    assert.equal(one.take(1), false)
    one.add(-6 * KiB)
    assert.equal(other.take(6 * KiB), true)
    assert.equal(one.bytes, 10 * KiB)
  })

  it('counts unconditional bytes and refuses the next request', () => {
    const [held] = threads(1, 4 * KiB) as [HeldMemory]
    held.add(5 * KiB)
    assert.equal(held.take(1), false)
    assert.equal(held.bytes, 5 * KiB)
  })

  it('changes its limit without changing the held bytes', () => {
    const [held] = threads(1, 4 * KiB) as [HeldMemory]
    held.take(4 * KiB)
    held.limit(6 * KiB)
    assert.equal(held.take(2 * KiB), true)
    held.limit(1 * KiB)
    assert.equal(held.bytes, 6 * KiB)
    assert.equal(held.take(1), false)
  })

  it('forgets the bytes held by a dead worker', () => {
    const memory = new SharedMemory({ slot: 0, slots: 2 })
    const held = new HeldMemory(memory, 4 * KiB)
    const dead = new HeldMemory(new SharedMemory({ slot: 1, slots: 2, regions: memory.regions() }), 4 * KiB)
    dead.take(4 * KiB)
    assert.equal(held.take(1), false)
    clearSlot(memory.regions(), 1, 2)
    assert.equal(held.take(4 * KiB), true)
  })

  it('returns to 0 when all is released, in whatever pieces it was taken', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000)), (sizes) => {
        const [held] = threads(1, 40 * KiB) as [HeldMemory]
        const taken = sizes.filter((bytes) => held.take(bytes))
        const bytes = taken.reduce((sum, size) => sum + size, 0)
        assert.equal(held.bytes, Math.ceil(bytes / KiB) * KiB)
        assert.ok(held.bytes <= 40 * KiB)
        for (const size of taken) held.add(-size)
        assert.equal(held.bytes, 0)
      }),
    )
  })
})
