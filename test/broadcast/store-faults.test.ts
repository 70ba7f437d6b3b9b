import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { configSchema } from '../../src/config/schema.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { startStoreThread } from '../../src/store/sqlite/thread.ts'
import { startBackend } from '../kit/backend.ts'
import { atEnd } from '../kit/cleanup.ts'
import { given } from '../kit/results.ts'
import { until } from '../kit/until.ts'
import { canMount, mountOver } from '../store/mounts.ts'

/** A broadcasting gateway with its store in this folder. */
async function openGateway(t: TestContext, folder: string, store?: DeliveryStore) {
  const backend = await startBackend({ profile: readyProfiles.accounts(), name: 'server1', port: 0 })
  const config = configSchema.parse({
    listen: { port: 0 },
    store: { path: 'deliveries.db' },
    upstreams: { accounts: { targets: [backend.url] } },
    routes: [{ match: 'POST /register', broadcast: { upstream: 'accounts', bodyLimit: '2MiB' } }],
  })
  const reportBug = (fault: unknown): void => assert.fail(String(fault))
  const deps = {
    clock: systemClock(),
    random: systemRandom,
    folder,
    reportBug,
    ...(store === undefined ? {} : { store }),
  }
  const gateway = await startGateway(config, deps)
  atEnd(t, async () => {
    await gateway.close()
    await backend.close()
  })
  const url = `http://127.0.0.1:${gateway.address.port}/register`
  const write = async (bytes = 10): Promise<{ status: number; code: string | undefined }> => {
    const answer = await fetch(url, { method: 'POST', body: 'x'.repeat(bytes) })
    const text = await answer.text()
    return {
      status: answer.status,
      code: answer.status >= 400 ? (JSON.parse(text) as { code: string }).code : undefined,
    }
  }
  return { backend, write, path: join(folder, 'deliveries.db') }
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-store-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Undefined, after skipping the test with the reason, if this machine cannot mount. */
function smallDisk(t: TestContext): string | undefined {
  const folder = temporaryFolder(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' })
  } catch (fault) {
    const reason = `a small disk cannot be mounted here: ${String(fault)}`
    if (process.env['CI'] === 'true') assert.fail(reason)
    t.skip(reason)
    return undefined
  }
  atEnd(t, () => execFileSync('umount', ['-l', folder]))
  return folder
}

describe('a broadcast with a failing store', () => {
  it('is 503 STORE_FULL while the disk is full, never acknowledged, and succeeds when there is room', async (t) => {
    const folder = smallDisk(t)
    if (folder === undefined) return
    const { write } = await openGateway(t, folder)
    assert.equal((await write()).status, 201)
    const ballast = join(folder, 'ballast')
    fill(ballast)
    const refused = await write(200_000)
    assert.deepEqual(refused, { status: 503, code: 'STORE_FULL' })
    rmSync(ballast)
    await until('it is accepted again', async () => (await write(1000)).status === 201, 5000)
  })

  it('is 503 STORE_UNAVAILABLE or accepted into a new file once the file is deleted, never lost', async (t) => {
    const folder = temporaryFolder(t)
    const { write, path } = await openGateway(t, folder)
    assert.equal((await write()).status, 201)
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    const { status, code } = await write()
    assert.ok(status === 201 ? existsSync(path) : code === 'STORE_UNAVAILABLE', `${status} ${code}`)
    await until('it is accepted again', async () => (await write()).status === 201, 5000)
    assert.ok(existsSync(path))
  })

  it('is 503 STORE_UNAVAILABLE while its folder is read-only, and succeeds afterwards', async (t) => {
    if (!canMount(t)) return
    const folder = temporaryFolder(t)
    const { write, backend } = await openGateway(t, folder)
    assert.equal((await write()).status, 201)
    const cover = mountOver(folder, 'ro')
    let isCovered = true
    atEnd(t, () => isCovered && cover.unmount())
    const before = backend.stats().requests
    for (let n = 0; n < 3; n++) assert.deepEqual(await write(), { status: 503, code: 'STORE_UNAVAILABLE' })
    assert.equal(backend.stats().requests, before, 'what is not on disk is not sent')
    cover.unmount()
    isCovered = false
    await until('it is accepted again', async () => (await write()).status === 201, 5000)
  })

  it('is 503 STORE_UNAVAILABLE or accepted by a new thread once the thread has ended, without loss', async (t) => {
    const folder = temporaryFolder(t)
    const threads: Worker[] = []
    const opened = await openSqliteStore({
      path: join(folder, 'deliveries.db'),
      clock: systemClock(),
      limits: { maxUndeliveredBytes: 1e9 },
      log: () => {},
      startThread: () => {
        const thread = startStoreThread()
        threads.push(thread)
        return thread
      },
    })
    assert.ok(opened.ok)
    const { store } = opened
    const { write, backend } = await openGateway(t, folder, store)
    atEnd(t, () => store.close())
    const writes = Array.from({ length: 40 }, () => write())
    await threads[0]?.terminate()
    const answers = await Promise.all(writes)
    for (const { status, code } of answers)
      assert.ok(status === 201 || code === 'STORE_UNAVAILABLE', `${status} ${code}`)
    await until('it is accepted again', async () => (await write()).status === 201, 5000)
    assert.ok(threads.length >= 2)
    const accepted = answers.filter(({ status }) => status === 201).length + 1
    await until('all that was accepted is delivered', () => backend.stats().requests >= accepted, 5000)
    const page = given(await store.list({ limit: 100 }))
    assert.ok('deliveries' in page && page.deliveries.length >= accepted)
  })
})

/** Writes until not another byte fits. */
function fill(file: string): void {
  for (const bytes of [65_536, 4096, 512, 1]) {
    for (let count = 0; count < 100_000; count++) {
      try {
        writeFileSync(file, 'x'.repeat(bytes), { flag: 'a' })
      } catch {
        break
      }
    }
  }
}
