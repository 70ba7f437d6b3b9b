import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { DeliveryStore, NewDelivery, StoredDelivery } from '../../src/store/delivery-store.ts'
import {
  allLegs,
  countsOf,
  found,
  inserted,
  legTo,
  plain,
  requestWith,
  sequencesOf,
  someDelivery,
  someTime,
  updated,
  usualBytes,
} from '../conformance/deliveries.ts'
import { failureOf } from '../kit/calls.ts'
import { given } from '../kit/results.ts'
import { afterGap, type FailingStore, failingStoreAt, isServing, refused, retry } from './failing-store.ts'
import { canFreeze, canMount, diskFor, fillDisk, freeze, mountOver, remount, thaw } from './mounts.ts'
import { cleanup, folderFor, problemAt, storeAt } from './place.ts'

const answer = { status: 201, headers: ['x-a', 'b'], body: Buffer.from('created') }

/** Two pending deliveries (one with progress and an answer), one dead, one done. */
async function fill(store: DeliveryStore): Promise<readonly number[]> {
  const sequences: number[] = []
  for (let n = 0; n < 4; n++) sequences.push(await inserted(store, someDelivery({ idempotencyKey: `fill-${n}` })))
  const [, progressed = 0, dead = 0, done = 0] = sequences
  const legs = [legTo('server1', 'acknowledged', { attempts: 1 }), legTo('server2'), legTo('server3')]
  await updated(store, { sequence: progressed, legs, finishedAt: undefined, answer })
  await updated(store, allLegs(dead, 'dead'))
  await updated(store, allLegs(done, 'acknowledged', { answer }))
  return sequences
}

async function unfinished(store: DeliveryStore): Promise<readonly StoredDelivery[]> {
  return given(await store.unfinished(0, 1000)).map(plain)
}

/** The unfinished deliveries in memory and in the file must match. */
async function expectSameOnDisk(t: TestContext, store: DeliveryStore, path: string): Promise<DeliveryStore> {
  const [expected, counts] = [await unfinished(store), await countsOf(store)]
  await store.close()
  const again = await storeAt(t, path)
  assert.deepEqual(await unfinished(again), expected)
  assert.deepEqual(await countsOf(again), counts)
  return again
}

describe('a store whose disk is full', () => {
  const large = () => someDelivery({ request: requestWith({ body: Buffer.alloc(20_000, 1) }) })

  /** Writes until the store is full. */
  async function fillWith(store: DeliveryStore, delivery: () => NewDelivery): Promise<readonly number[]> {
    const accepted: number[] = []
    let last = await store.insert(delivery())
    while (last.kind === 'inserted' && accepted.push(last.sequence) < 10_000) last = await store.insert(delivery())
    assert.ok(last.kind === 'refused', `it took ${accepted.length} writes`)
    assert.equal(last.failure.code, 'STORE_FULL')
    return accepted
  }

  for (const [what, delivery] of [
    ['large', large],
    ['small', someDelivery],
  ] as const) {
    it(`accepts every acknowledgement of ${what} writes, and new writes once they are delivered`, async (t) => {
      if (!canMount(t)) return
      const path = join(diskFor(t, '2m'), 'store.db')
      const failing = await failingStoreAt(t, path)
      const { store, log } = failing
      const accepted = await fillWith(store, delivery)
      assert.ok(accepted.length > 10)
      assert.match(log.at(-1) ?? '', /disk of the store \S+ is full\. Make room on it.*New writes are refused/)
      await refused(store, 'STORE_FULL')
      const results = await Promise.all(accepted.map((sequence) => store.update(allLegs(sequence, 'acknowledged'))))
      assert.ok(results.every(({ ok }) => ok))
      await retry(failing)
      assert.match(log.at(-1) ?? '', /works again/)
      const again = await fillWith(store, delivery)
      // Finished deliveries are still in the file, without their requests.
      assert.ok(again.length > accepted.length / 20, `${again.length} after ${accepted.length}`)
      await expectSameOnDisk(t, store, path)
    })
  }

  it('has room for acknowledgements and removals when other files have filled the disk', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '3m')
    const path = join(disk, 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store, log } = failing
    const accepted: number[] = []
    for (let n = 0; n < 40; n++) accepted.push(await inserted(store, large()))
    assert.ok(existsSync(`${path}-reserve`))
    fillDisk(disk)
    await refused(store, 'STORE_FULL', large())
    assert.match(log.at(-1) ?? '', /is full/)
    const results = await Promise.all(accepted.map((sequence) => store.update(allLegs(sequence, 'acknowledged'))))
    assert.ok(results.every(({ ok }) => ok))
    assert.equal(given(await store.removeFinished(someTime + 1e9)), 40)
    unlinkSync(join(disk, 'ballast'))
    await retry(failing)
    assert.match(log.at(-1) ?? '', /works again/)
    assert.ok(existsSync(`${path}-reserve`), 'the reserve is there again')
    assert.equal(failing.threads.length, 1)
    await inserted(store, large())
    await expectSameOnDisk(t, store, path)
    assert.equal(existsSync(`${path}-reserve`), true, 'that of the store that is open now')
  })

  it('keeps an update for which there is no room at all, and writes it once there is', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '4m')
    const path = join(disk, 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store, log } = failing
    const first = await inserted(store, large())
    fillDisk(disk)
    const legs = [legTo('server1', 'acknowledged', { detail: 'x'.repeat(900_000) }), legTo('server2'), legTo('server3')]
    assert.equal(failureOf(await store.update(allLegs(first, 'pending', { legs }))).code, 'STORE_FULL')
    await refused(store, 'STORE_FULL')
    assert.equal(await isServing(store), false, 'no try before its time')
    await retry(failing)
    await refused(store, 'STORE_FULL')
    unlinkSync(join(disk, 'ballast'))
    await retry(failing)
    assert.match(log.at(-1) ?? '', /works again/)
    assert.equal(failing.threads.length, 1)
    const again = await expectSameOnDisk(t, store, path)
    assert.deepEqual((await unfinished(again))[0]?.legs, legs)
  })

  it('opens when the disk was filled while it was closed, and refuses only new writes', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '2m')
    const path = join(disk, 'store.db')
    const before = await failingStoreAt(t, path)
    const sequences = await fill(before.store)
    // As after a kill: with a log that has to be read, and no room for its index.
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, join(disk, `killed.db${suffix}`))
    fillDisk(disk)
    const killed = join(disk, 'killed.db')
    const failing = await failingStoreAt(t, killed)
    assert.match(failing.log.join(), /disk of the store \S+killed\.db is full/)
    assert.deepEqual(await unfinished(failing.store), await unfinished(before.store))
    await refused(failing.store, 'STORE_FULL')
    unlinkSync(join(disk, 'ballast'))
    await retry(failing)
    assert.match(failing.log.at(-1) ?? '', /works again/)
    given(await failing.store.update(allLegs(sequences[0] ?? 0, 'acknowledged')))
    await inserted(failing.store, someDelivery())
  })

  it('is created once there is room, if it did not exist and the disk was full', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '2m')
    fillDisk(disk)
    const path = join(disk, 'store.db')
    const failing = await failingStoreAt(t, path)
    assert.match(failing.log.at(-1) ?? '', /disk of the store \S+ is full/)
    await refused(failing.store, 'STORE_FULL')
    await retry(failing)
    await refused(failing.store, 'STORE_FULL')
    unlinkSync(join(disk, 'ballast'))
    await retry(failing)
    await inserted(failing.store, someDelivery())
    assert.match(failing.log.at(-1) ?? '', /works again/)
    await expectSameOnDisk(t, failing.store, path)
  })

  it('tries again on the next change', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '1m')
    const failing = await failingStoreAt(t, join(disk, 'store.db'))
    const large = someDelivery({ request: requestWith({ body: Buffer.alloc(2_000_000) }) })
    await refused(failing.store, 'STORE_FULL', large)
    await afterGap(failing)
    await inserted(failing.store, someDelivery())
    await retry(failing)
    assert.match(failing.log.at(-1) ?? '', /works again/)
    assert.equal(failing.clock.pendingCount, 0)
  })
})

describe('a store whose file is missing', () => {
  const endpoints: readonly (readonly [string, (path: string) => void])[] = [
    [
      'deleted with its log',
      (path) => {
        for (const suffix of ['', '-wal']) rmSync(path + suffix)
      },
    ],
    ['deleted without its log', (path) => rmSync(path)],
    ['moved away', (path) => renameSync(path, `${path}.moved`)],
  ]
  for (const [way, lose] of endpoints) {
    it(`never acknowledges into a file that was ${way}, and writes everything unfinished into a new one`, async (t) => {
      const path = join(folderFor(t), 'store.db')
      const failing = await failingStoreAt(t, path)
      const { store, log } = failing
      const [first = 0, second = 0] = await fill(store)
      const before = await unfinished(store)
      lose(path)
      await refused(store, 'STORE_UNAVAILABLE')
      assert.match(log.at(-1) ?? '', /store\.db was deleted or moved while it was in use.*refused until/)
      await refused(store, 'STORE_UNAVAILABLE')
      assert.equal(existsSync(path), false)

      await retry(failing)
      assert.match(
        log.join('\n'),
        /had lost 2 unfinished deliveries; they have been written to it again[^]*works again/,
      )
      assert.deepEqual(await unfinished(store), before)
      // The dead letter and the done one were lost with the file.
      assert.deepEqual(await countsOf(store), {
        deliveries: 2,
        pendingLegs: 5,
        deadLegs: 0,
        undeliveredBytes: 2 * usualBytes,
      })
      await updated(store, allLegs(first, 'pending', { legs: [legTo('server1', 'dead')] }))
      assert.ok((await inserted(store, someDelivery())) > second + 2, 'sequences go on')
      const repeat = await store.insert(someDelivery({ idempotencyKey: 'fill-1' }))
      assert.ok(repeat.kind === 'existing' && repeat.delivery.sequence === second)
      assert.equal(repeat.delivery.answer, undefined, 'answers were in the file alone')
      await expectSameOnDisk(t, store, path)
    })
  }

  it('never acknowledges when only the log was deleted, and loses nothing', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store } = failing
    await fill(store)
    const [before, counts] = [await unfinished(store), await countsOf(store)]
    unlinkSync(`${path}-wal`)
    const ghost = someDelivery()
    await refused(store, 'STORE_UNAVAILABLE', ghost)
    await retry(failing)
    assert.equal(given(await store.find(ghost.id)), undefined, 'what was refused is not there')
    assert.deepEqual([await unfinished(store), await countsOf(store)], [before, counts])
    await expectSameOnDisk(t, store, path)
  })

  it('writes everything unfinished into a new file when it is closed before the loss is noticed', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    await fill(failing.store)
    const before = await unfinished(failing.store)
    rmSync(path)
    await failing.store.close()
    const again = await storeAt(t, path)
    assert.deepEqual(await unfinished(again), before)
  })

  for (const [what, left] of [
    ['to nothing', 0],
    ['in the middle', 20_000],
  ] as const) {
    it(`never acknowledges when its log was truncated ${what}, and writes everything unfinished again`, async (t) => {
      const path = join(folderFor(t), 'store.db')
      const failing = await failingStoreAt(t, path)
      const { store, log } = failing
      await fill(store)
      const before = await unfinished(store)
      assert.ok(statSync(`${path}-wal`).size > 2 * left)
      truncateSync(`${path}-wal`, left)
      const ghost = someDelivery()
      await refused(store, 'STORE_UNAVAILABLE', ghost)
      assert.match(log.at(-1) ?? '', /store\.db-wal was cut short while it was in use.*refused until/)
      await retry(failing)
      assert.match(log.at(-1) ?? '', /works again/)
      assert.equal(given(await store.find(ghost.id)), undefined, 'what was refused is not there')
      assert.deepEqual(await unfinished(store), before)
      await inserted(store, someDelivery())
      await expectSameOnDisk(t, store, path)
    })
  }

  it('does not restore refused writes when the missing file is moved back over the new one', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    renameSync(path, `${path}.aside`)
    const ghost = someDelivery()
    await refused(failing.store, 'STORE_UNAVAILABLE', ghost)
    await retry(failing)
    assert.ok(existsSync(path), 'it went on in a new file')
    renameSync(`${path}.aside`, path)
    await failing.store.close()
    const again = await storeAt(t, path)
    assert.deepEqual(await unfinished(again), [])
    assert.equal(given(await again.find(ghost.id)), undefined)
  })

  it('keeps the latest update of each delivery while it cannot write, ahead of newer changes', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store } = failing
    const [first = 0, second = 0, dead = 0] = await fill(store)
    renameSync(path, `${path}.moved`)
    assert.equal(failureOf(await store.update(allLegs(first, 'dead'))).code, 'STORE_UNAVAILABLE')
    assert.equal(failureOf(await store.update(allLegs(first, 'discarded'))).code, 'STORE_UNAVAILABLE')
    assert.equal(failureOf(await store.update(allLegs(second, 'acknowledged'))).code, 'STORE_UNAVAILABLE')
    assert.equal(
      failureOf(await store.update(allLegs(dead, 'pending', { finishedAt: undefined }))).code,
      'STORE_UNAVAILABLE',
    )
    assert.deepEqual(await unfinished(store), [])
    // The same file again: data that exists only there is up to date too.
    renameSync(`${path}.moved`, path)
    await afterGap(failing)
    const last = await inserted(store, someDelivery())
    assert.deepEqual(sequencesOf(await unfinished(store)), [dead, last])
    const again = await expectSameOnDisk(t, store, path)
    const { deliveries } = given(await again.list({ limit: 10 }))
    const states = deliveries.map(({ sequence, legs }) => [sequence, legs[0]?.state])
    assert.deepEqual(states.toReversed(), [
      [first, 'discarded'],
      [second, 'acknowledged'],
      [dead, 'pending'],
      [dead + 1, 'acknowledged'],
      [last, 'pending'],
    ])
    assert.equal((await found(again, deliveries.at(-1)?.id ?? '')).request, undefined)
  })

  it('waits for a folder that was moved away', async (t) => {
    const folder = folderFor(t)
    const path = join(folder, 'data', 'store.db')
    mkdirSync(join(folder, 'data'))
    const failing = await failingStoreAt(t, path)
    await fill(failing.store)
    renameSync(join(folder, 'data'), join(folder, 'elsewhere'))
    await refused(failing.store, 'STORE_UNAVAILABLE')
    await retry(failing)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    assert.match(failing.log.at(-1) ?? '', /its folder \S+\/data does not exist/)
    assert.equal(existsSync(join(folder, 'data')), false)
    renameSync(join(folder, 'elsewhere'), join(folder, 'data'))
    await retry(failing)
    await inserted(failing.store, someDelivery())
    await expectSameOnDisk(t, failing.store, path)
  })

  it('tries again by itself and on the next change, but not on each of many changes', async (t) => {
    const folder = folderFor(t)
    const path = join(folder, 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store, clock } = failing
    await fill(store)
    renameSync(path, `${path}.moved`)
    await refused(store, 'STORE_UNAVAILABLE')
    for (let n = 0; n < 100; n++) await refused(store, 'STORE_UNAVAILABLE')
    assert.equal(existsSync(path), false)
    assert.equal(clock.pendingCount, 1)
    await afterGap(failing)
    await inserted(store, someDelivery())
    assert.equal(clock.pendingCount, 0, 'no timer is left')
  })
})

describe('a store whose file was replaced', () => {
  it('leaves a foreign store alone until it is moved away', async (t) => {
    const folder = folderFor(t)
    const [path, other] = [join(folder, 'store.db'), join(folder, 'other.db')]
    const stranger = await storeAt(t, other)
    const foreign = someDelivery()
    await inserted(stranger, foreign)
    await stranger.close()
    const failing = await failingStoreAt(t, path)
    const { store } = failing
    await fill(store)
    const before = await unfinished(store)
    renameSync(other, path)
    for (let n = 0; n < 3; n++) {
      await refused(store, 'STORE_UNAVAILABLE')
      await retry(failing)
    }
    assert.match(failing.log.at(-1) ?? '', /is another store than the one that was in use.*left unchanged/)
    renameSync(path, other)
    await retry(failing)
    assert.deepEqual(await unfinished(store), before)
    const strangerAgain = await storeAt(t, other)
    assert.deepEqual(
      (await unfinished(strangerAgain)).map(({ id }) => id),
      [foreign.id],
    )
    await expectSameOnDisk(t, store, path)
  })

  it('brings an older copy of itself up to date', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const store = await storeAt(t, path)
    const [first = 0] = await fill(store)
    await store.close()
    copyFileSync(path, `${path}.backup`)
    const failing = await failingStoreAt(t, path)
    await updated(failing.store, allLegs(first, 'acknowledged', { finishedAt: someTime }))
    const fresh = someDelivery()
    await inserted(failing.store, fresh)
    renameSync(`${path}.backup`, path)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    await retry(failing)
    const again = await expectSameOnDisk(t, failing.store, path)
    // Not pending again, although it was pending in the copy.
    assert.ok(!sequencesOf(await unfinished(again)).includes(first))
    await found(again, fresh.id)
  })

  it('refuses to continue with a truncated file until it is moved away', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const store = await storeAt(t, path)
    await fill(store)
    await store.close()
    const failing = await failingStoreAt(t, path)
    const before = await unfinished(failing.store)
    assert.ok(statSync(path).size > 8192)
    truncateSync(path, 8192)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    assert.match(failing.log.at(-1) ?? '', /was cut short|damaged/)
    await retry(failing)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    assert.match(failing.log.at(-1) ?? '', /damaged.*move both away/)
    for (const suffix of ['', '-wal']) rmSync(path + suffix, { force: true })
    await retry(failing)
    assert.deepEqual(await unfinished(failing.store), before)
    await expectSameOnDisk(t, failing.store, path)
  })
})

describe('a store whose disk is read-only', () => {
  it('refuses to open there, and says why', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '2m')
    const path = join(disk, 'store.db')
    await (await storeAt(t, path)).close()
    remount(disk, 'ro')
    assert.match(await problemAt(path), /store\.db cannot be written: it, its folder or its disk is read-only/)
    assert.match(await problemAt(join(disk, 'new.db')), /new\.db cannot be written.*read-only/)
    remount(disk, 'rw')
  })

  it('is unavailable if it is read-only when it has to be opened, and recovers when it is writable', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '2m')
    const path = join(disk, 'store.db')
    const failing = await failingStoreAt(t, path)
    await fill(failing.store)
    const before = await unfinished(failing.store)
    // Linux cannot remount a file system read-only while it has a file open for writing.
    await failing.threads[0]?.terminate()
    remount(disk, 'ro')
    await afterGap(failing)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    await retry(failing)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    assert.match(failing.log.at(-1) ?? '', /is read-only/)
    remount(disk, 'rw')
    await retry(failing)
    assert.deepEqual(await unfinished(failing.store), before)
    await inserted(failing.store, someDelivery())
    await expectSameOnDisk(t, failing.store, path)
  })

  it('is unavailable while writes fail, and recovers afterwards', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store } = failing
    const [first = 0] = await fill(store)
    const [before, files] = [await unfinished(store), [path, `${path}-wal`]]
    if (!canFreeze(t, path)) return
    freeze(...files)
    cleanup(t, () => thaw(...files.filter((file) => existsSync(file))))
    const ghost = someDelivery()
    await refused(store, 'STORE_UNAVAILABLE', ghost)
    assert.match(failing.log.at(-1) ?? '', /store\.db failed: disk I\/O error/)
    await retry(failing)
    await refused(store, 'STORE_UNAVAILABLE')
    assert.match(failing.log.at(-1) ?? '', /read-only/)
    assert.deepEqual(await unfinished(store), before)
    assert.equal(failureOf(await store.update(allLegs(first, 'dead'))).code, 'STORE_UNAVAILABLE')
    thaw(...files)
    await retry(failing)
    assert.equal(given(await store.find(ghost.id)), undefined)
    await inserted(store, someDelivery())
    const again = await expectSameOnDisk(t, store, path)
    assert.deepEqual((await countsOf(again)).deadLegs, 6)
  })

  it('is unavailable while another disk is mounted over its folder', async (t) => {
    if (!canMount(t)) return
    const disk = diskFor(t, '2m')
    const path = join(disk, 'store.db')
    const failing = await failingStoreAt(t, path)
    await fill(failing.store)
    const over = mountOver(disk, 'ro')
    await refused(failing.store, 'STORE_UNAVAILABLE')
    await retry(failing)
    await refused(failing.store, 'STORE_UNAVAILABLE')
    over.unmount()
    await retry(failing)
    await inserted(failing.store, someDelivery())
    await expectSameOnDisk(t, failing.store, path)
  })
})

describe('a store whose thread ends', () => {
  const end = (failing: FailingStore) => failing.threads.at(-1)?.terminate()

  it('refuses the changes in flight, and continues in a new thread without losing anything', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    const { store } = failing
    await fill(store)
    const before = await unfinished(store)
    // 12 MB, so that the thread cannot have written them before it ends.
    const large = requestWith({ body: Buffer.alloc(256 * 1024, 1) })
    const results = Array.from({ length: 50 }, () => store.insert(someDelivery({ request: large })))
    await new Promise((resolve) => setImmediate(resolve))
    await end(failing)
    const kinds = new Set((await Promise.all(results)).map(({ kind }) => kind))
    assert.deepEqual(kinds, new Set(['refused']))
    assert.match(failing.log.at(-1) ?? '', /thread ended/)
    await retry(failing)
    assert.deepEqual(await unfinished(store), before, 'what was refused is not there, even if it was written')
    await inserted(store, someDelivery())
    assert.equal(failing.threads.length, 2)
    await expectSameOnDisk(t, store, path)
  })

  it('continues when the thread ended while idle', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    await fill(failing.store)
    for (let n = 0; n < 3; n++) {
      await end(failing)
      await retry(failing)
      await inserted(failing.store, someDelivery())
    }
    assert.equal(failing.threads.length, 4)
    await expectSameOnDisk(t, failing.store, path)
  })

  it('can be closed while its thread is down', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const failing = await failingStoreAt(t, path)
    const [first = 0] = await fill(failing.store)
    await end(failing)
    void failing.store.update(allLegs(first, 'dead'))
    await expectSameOnDisk(t, failing.store, path)
    assert.equal(failing.clock.pendingCount, 0)
  })

  it('reports when it is closed before it could write everything', async (t) => {
    const folder = folderFor(t)
    const path = join(folder, 'store.db')
    const failing = await failingStoreAt(t, path)
    const [first = 0] = await fill(failing.store)
    rmSync(folder, { recursive: true })
    assert.equal(failureOf(await failing.store.update(allLegs(first, 'dead'))).code, 'STORE_UNAVAILABLE')
    await failing.store.close()
    assert.match(failing.log.at(-1) ?? '', /closed without the last state of 1 deliveries/)
    assert.equal(failing.clock.pendingCount, 0)
  })
})
