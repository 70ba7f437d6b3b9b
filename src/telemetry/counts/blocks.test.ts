import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Blocks } from './blocks.ts'
import { Layout } from './layout.ts'

/** A lower-case name is a count, a capitalized one a level. */
function layoutOf(names: string): Layout {
  const layout = new Layout()
  for (const name of names) {
    if (name === name.toLowerCase()) layout.counts(name)
    else layout.level(name)
  }
  return layout
}

const numbers = (block: ArrayBufferLike): Float64Array => new Float64Array(block)
const all = (blocks: Blocks, names: string): readonly number[] => [...names].map((_, index) => blocks.read(index))

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

describe('Blocks', () => {
  it('are summed over all threads', () => {
    const blocks = new Blocks(layoutOf('ab'))
    const [first, second] = [blocks.open(ArrayBuffer), blocks.open(SharedArrayBuffer)]
    numbers(first.block).set([1, 2])
    numbers(second.block).set([10, 20])
    assert.deepEqual(all(blocks, 'ab'), [11, 22])
    const row = new Float64Array(1)
    blocks.readRow(1, row)
    assert.deepEqual([...row], [22])
  })

  it('are read as whole numbers, so that a sum in another order never decreases', () => {
    const blocks = new Blocks(layoutOf('a'))
    const writers = [0.7, 0.6, 1.9].map((value) => {
      const writer = blocks.open(ArrayBuffer)
      numbers(writer.block).set([value])
      return writer
    })
    assert.deepEqual(all(blocks, 'a'), [1])
    for (const writer of writers) {
      writer.end()
      assert.deepEqual(all(blocks, 'a'), [1])
    }
  })

  it('of a thread that has ended keep its counts and drop its levels', () => {
    const blocks = new Blocks(layoutOf('aL'))
    const [dead, alive] = [blocks.open(ArrayBuffer), blocks.open(ArrayBuffer)]
    numbers(dead.block).set([1, 2])
    numbers(alive.block).set([10, 20])
    dead.end()
    dead.end()
    assert.deepEqual(all(blocks, 'aL'), [11, 20])
    numbers(dead.block).set([100, 100])
    assert.deepEqual(all(blocks, 'aL'), [11, 20], 'what is dead counts no more')
  })

  it('use the new layout, and keep old blocks while a thread counts into them', () => {
    const blocks = new Blocks(layoutOf('xaL'))
    const thread = blocks.open(ArrayBuffer)
    const before = numbers(thread.block)
    before.set([7, 1, 1])
    blocks.prepare(layoutOf('Lay')).commit()
    assert.deepEqual(all(blocks, 'Lay'), [1, 1, 0])
    before.set([8, 2, 1])
    assert.deepEqual(all(blocks, 'Lay'), [1, 2, 0])
    numbers(thread.block).set([-1, 5, 6])
    assert.deepEqual(all(blocks, 'Lay'), [0, 7, 6], 'what began in one block and ended in the next')
    const row = new Float64Array(1)
    blocks.readRow(1, row)
    assert.deepEqual([...row], [7])
    thread.countsInto(thread.block)
    thread.countsInto(thread.block)
    before.fill(1000)
    assert.deepEqual(all(blocks, 'Lay'), [0, 7, 6], 'it has said that it does not count there any more')
    thread.end()
    assert.deepEqual(all(blocks, 'Lay'), [0, 7, 6])
  })

  it('stay in use if a thread acknowledges a change after the next has come', () => {
    const blocks = new Blocks(layoutOf('a'))
    const thread = blocks.open(ArrayBuffer)
    blocks.prepare(layoutOf('a')).commit()
    const second = thread.block
    blocks.prepare(layoutOf('a')).commit()
    thread.countsInto(second)
    numbers(second).set([3])
    numbers(thread.block).set([4])
    assert.deepEqual(all(blocks, 'a'), [7])
  })

  it('lose counts missing from an intermediate layout, even if a later one has them', () => {
    const blocks = new Blocks(layoutOf('aL'))
    const [dead, alive] = [blocks.open(ArrayBuffer), blocks.open(ArrayBuffer)]
    numbers(dead.block).set([1, 1])
    numbers(alive.block).set([2, 1])
    dead.end()
    blocks.prepare(layoutOf('b')).commit()
    blocks.prepare(layoutOf('aL')).commit()
    assert.deepEqual(all(blocks, 'aL'), [0, 0])
  })

  it('keep a rejected block only if its thread has begun in it', async () => {
    const blocks = new Blocks(layoutOf('a'))
    const writer = blocks.open(ArrayBuffer)
    numbers(writer.block).set([1])
    const released = Promise.withResolvers<string>()
    const registry = new FinalizationRegistry(released.resolve)
    ;(() => {
      const rejected = blocks.prepare(layoutOf('ab'))
      registry.register(writer.block, 'unused')
      void rejected.rollback()
    })()
    const rejected = blocks.prepare(layoutOf('ab'))
    const begun = writer.block
    registry.register(begun, 'begun')
    writer.countsInto(begun)
    await rejected.rollback()
    numbers(begun).set([10])
    assert.deepEqual(all(blocks, 'a'), [11])
    await setImmediate()
    collectGarbage()
    assert.equal(await released.promise, 'unused')
  })
})
