import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../kit/random.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { Gcra } from './gcra.ts'
import { KeyTable } from './key-table.ts'

const rules = { limit: 10, perMs: 1000, burst: 5 }

function tableOf(maxKeys = 1024, memory = new SharedMemory()): KeyTable {
  return new KeyTable(new Gcra(rules), maxKeys, memory, seededRandom(1))
}

function admitted(table: KeyTable, keys: readonly string[], nowMs: number): number {
  return keys.filter((key) => table.take(key, nowMs).isAdmitted).length
}

const many = (count: number, name = 'key') => Array.from({ length: count }, (_, i) => `${name}-${i}`)

describe('the key table', () => {
  it('limits each key by itself', () => {
    const table = tableOf()
    assert.equal(admitted(table, Array(9).fill('one'), 1000), 5)
    assert.equal(admitted(table, Array(9).fill('two'), 1000), 5)
    assert.equal(admitted(table, Array(9).fill('one'), 1200), 2)
  })

  it('applies to all workers together', () => {
    const memory = new SharedMemory({ slot: 0, slots: 2 })
    const one = tableOf(1024, memory)
    const two = tableOf(1024, new SharedMemory({ slot: 1, slots: 2, regions: memory.regions() }))
    let count = 0
    for (let i = 0; i < 20; i++) count += admitted(i % 2 === 0 ? one : two, ['key'], 1000)
    assert.equal(count, 5)
  })

  it('gives the slot of an idle key to a new one, with a full burst', () => {
    const table = tableOf(8)
    for (let round = 1; round < 50; round++) {
      for (const key of many(8, `round-${round}`)) assert.equal(admitted(table, Array(9).fill(key), round * 1000), 5)
    }
  })

  it('admits at most its slots times the limit, however many keys a client uses', () => {
    const table = tableOf(64)
    let count = 0
    for (let ms = 0; ms < 2000; ms += 10) count += admitted(table, many(500), 5000 + ms)
    // 64 slots, 5 at once each and 20 in two seconds.
    assert.ok(count <= 64 * (5 + 20), `${count}`)
    assert.ok(count >= 64 * 5, `${count}`)
  })

  it('does not refuse a new key beside a few that use all they may', () => {
    const table = tableOf(1024)
    const busy = many(100)
    for (let ms = 0; ms < 1000; ms += 10) admitted(table, busy, 5000 + ms)
    for (const key of many(200, 'stranger')) assert.ok(table.take(key, 6000).isAdmitted, key)
  })

  it('spreads keys evenly enough that maxKeys keys have slots of their own', () => {
    const table = tableOf(4096)
    const keys = many(1024, '192.0.2')
    for (let i = 0; i < 5; i++) assert.ok(admitted(table, keys, 1000) >= 1020)
    assert.ok(admitted(table, keys, 1000) <= 4)
  })
})
