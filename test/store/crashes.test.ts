import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../../src/kit/random.ts'
import { found, inserted, sequencesOf, someDelivery } from '../conformance/deliveries.ts'
import { given } from '../kit/results.ts'
import { startChild } from './child.ts'
import { folderFor, problemAt, storeAt } from './place.ts'

/** `STORE_KILLS=200` for a long run. */
const kills = Number(process.env['STORE_KILLS'] ?? 20)

describe('an SQLite store and processes that are killed', () => {
  it('has every reported change when the process is killed at any moment', async (t) => {
    const seed = Number(process.env['SEED'] ?? process.pid)
    t.diagnostic(`SEED=${seed}`)
    const random = seededRandom(seed)
    const path = join(folderFor(t), 'store.db')
    const accepted = new Map<number, string>()
    const acknowledged = new Set<number>()
    let highest = 0
    for (let kill = 0; kill < kills; kill++) {
      const child = startChild(t, path)
      // Some are killed while they open the store, the first of them while they create it.
      if (kill % 4 !== 0) await child.opened
      await sleep(random() * 150)
      child.process.kill('SIGKILL')
      const { lines, errors } = await child.ended
      assert.equal(errors, '')
      const before = highest
      for (const line of lines) {
        const [what, number, id = ''] = line.split(' ')
        const sequence = Number(number)
        if (what === 'u') acknowledged.add(sequence)
        if (what !== 'i') continue
        assert.ok(sequence > before && !accepted.has(sequence), 'sequences rise from one process to the next')
        accepted.set(sequence, id)
        highest = Math.max(highest, sequence)
      }
      const store = await storeAt(t, path)
      const unfinished = new Map(given(await store.unfinished(before, 1e6)).map((one) => [one.sequence, one]))
      for (const [sequence, id] of accepted) {
        if (sequence <= before) continue
        // An update to acknowledged may have been stored without having been reported.
        const delivery = unfinished.get(sequence) ?? (await found(store, id))
        assert.equal(delivery.id, id)
        if (acknowledged.has(sequence)) assert.ok(!unfinished.has(sequence), `${sequence} was acknowledged`)
        else assert.ok(unfinished.has(sequence) || delivery.legs[0]?.state === 'acknowledged')
      }
      const sequences = sequencesOf([...unfinished.values()])
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
      )
      highest = await inserted(store, someDelivery({ id: `between-${kill}` }))
      accepted.set(highest, `between-${kill}`)
      await store.close()
    }
    t.diagnostic(`${kills} kills, ${accepted.size} deliveries, ${acknowledged.size} acknowledged`)
    const store = await storeAt(t, path)
    for (const [sequence, id] of accepted) assert.equal((await found(store, id)).sequence, sequence)
    assert.ok(given(await store.figures()).deliveries >= accepted.size)
  })

  it('belongs to one process, and to the next one as soon as that is killed', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const child = startChild(t, path, 'hold')
    await child.opened
    assert.match(await problemAt(path), /store\.db is in use by another process\. Stop that process, or .*store\.path/)
    child.process.kill('SIGKILL')
    const { lines } = await child.ended
    const startedMs = performance.now()
    const store = await storeAt(t, path)
    assert.ok(performance.now() - startedMs < 900, 'it did not wait for a lock')
    assert.equal(given(await store.unfinished(0, 10)).length, lines.filter((line) => line.startsWith('i')).length)
  })

  it('belongs to one opener within a process too; a refused second opener locks nobody in or out', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const store = await storeAt(t, path)
    // Without anything in its log and, after an insert, with: the checks differ.
    for (let round = 0; round < 2; round++) {
      assert.match(await problemAt(path), /in use/)
      const child = startChild(t, path)
      const { code, errors } = await child.ended
      assert.equal(code, 1, 'the lock still holds')
      assert.match(errors, /in use/)
      if (round === 0) await inserted(store, someDelivery())
    }
    await inserted(store, someDelivery())
  })
})
