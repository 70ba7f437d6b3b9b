import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clearSlot, SharedMemory } from './shared-memory.ts'

function twoWorkers() {
  const first = new SharedMemory({ slot: 0, slots: 2 })
  first.levels('in flight', 2)
  first.cells('account', 1)
  const second = new SharedMemory({ slot: 1, slots: 2, regions: first.regions() })
  return { first, second }
}

describe('SharedMemory', () => {
  it('returns the same region for the same name, and another one for another name or size', () => {
    const { first, second } = twoWorkers()
    first.cells('account', 1)[0] = 7
    assert.equal(second.cells('account', 1)[0], 7)
    assert.equal(second.cells('account', 2)[0], 0)
    assert.equal(second.cells('other', 1)[0], 0)
  })

  it('passes on only the regions requested here', () => {
    const { first, second } = twoWorkers()
    second.cells('account', 1)
    assert.deepEqual([first.regions().size, second.regions().size], [2, 1])
  })

  it('drops scopes that are no longer in use', () => {
    const memory = new SharedMemory()
    memory.scope('route GET /a').scope('hedge').cells('account', 1)
    memory.scope('route GET /b').cells('account', 1)
    memory.cells('of all', 1)
    memory.retain(new Set(['route GET /a']))
    assert.deepEqual(
      [...memory.regions().keys()].map((key) => key.replaceAll('\n', '|')),
      ['cells |route GET /a|hedge account 4', 'cells of all 4'],
    )
  })

  it('drops all forms of a region except the one requested last', () => {
    const memory = new SharedMemory()
    const route = memory.scope('route GET /a')
    const names = (): readonly string[] =>
      [...memory.regions().keys()].map((key) => /keys-\d+|account/.exec(key)?.[0] ?? key)
    route.form('limit', '10').cells('keys-10', 1)
    route.cells('account', 1)
    memory.retain(new Set(['route GET /a']))
    assert.deepEqual(names(), ['keys-10', 'account'])
    route.form('limit', '20').cells('keys-20', 1)
    // Until the configuration that requests it is in force, the other one's form is still in use.
    assert.deepEqual(names(), ['keys-10', 'account', 'keys-20'])
    memory.retain(new Set(['route GET /a']))
    assert.deepEqual(names(), ['account', 'keys-20'])
  })

  it('returns regions that another worker requested since, once it has learned of them', () => {
    const { first, second } = twoWorkers()
    first.cells('new', 1)[0] = 5
    second.learn(first.regions())
    assert.equal(second.cells('new', 1)[0], 5)
  })

  it('sums levels over all workers, and forgets those of a dead worker', () => {
    const { first, second } = twoWorkers()
    const [a, b] = [first.levels('in flight', 2), second.levels('in flight', 2)]
    a.add(0, 3)
    b.add(0, 2)
    b.add(1, 5)
    assert.deepEqual([a.sum(0), b.sum(0), a.sum(1)], [5, 5, 5])
    first.cells('account', 1)[0] = 9
    clearSlot(first.regions(), 1, 2)
    assert.deepEqual([a.sum(0), a.sum(1), second.cells('account', 1)[0]], [3, 0, 9])
  })

  it('keeps the sum at or below the limit', () => {
    const { first, second } = twoWorkers()
    const [a, b] = [first.levels('in flight', 2), second.levels('in flight', 2)]
    assert.deepEqual([a.tryAdd(0, 2), b.tryAdd(0, 2), a.tryAdd(0, 2), b.tryAdd(0, 2)], [true, true, false, false])
    assert.equal(a.sum(0), 2)
  })

  it('forgets the requests and regions of a configuration that is rolled back', async () => {
    const memory = new SharedMemory()
    const scopes = new Set(['upstream a'])
    const cellsOf = (form: string) => memory.scope('upstream a').form('load', form).cells('x', 1)
    Atomics.store(cellsOf('two'), 0, 7)
    const before = [...memory.regions().keys()]
    const change = await memory.prepare({ scopes, regions: new Map([['cells other 4', new SharedArrayBuffer(4)]]) })
    cellsOf('three')
    memory.cells('other', 1)
    await change.rollback()
    assert.deepEqual([...memory.regions().keys()], before)
    const next = await memory.prepare({ scopes })
    next.commit()
    assert.deepEqual([Atomics.load(cellsOf('two'), 0), [...memory.regions().keys()]], [7, before])
  })
})
