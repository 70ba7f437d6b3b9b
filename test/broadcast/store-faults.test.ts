import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readyProfiles } from '../../src/backend/profiles.ts'
import { startBackend } from '../../src/backend/server.ts'
import { configSchema } from '../../src/config/schema.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { atEnd } from '../kit/cleanup.ts'
import { until } from '../kit/until.ts'

/** A gateway that broadcasts, with its store in this folder. */
async function openGateway(t: TestContext, folder: string) {
  const backend = await startBackend({ profile: readyProfiles.accounts(), name: 'server1', port: 0 })
  const config = configSchema.parse({
    listen: { port: 0 },
    store: { path: 'deliveries.db' },
    upstreams: { accounts: { targets: [backend.url] } },
    routes: [{ match: 'POST /register', broadcast: { upstream: 'accounts', bodyLimit: '2MiB' } }],
  })
  const logFault = (fault: unknown): void => assert.fail(String(fault))
  const gateway = await startGateway(config, { clock: systemClock(), random: systemRandom, folder, logFault })
  atEnd(t, async () => {
    await gateway.close()
    await backend.close()
  })
  const url = `http://127.0.0.1:${gateway.front.address.port}/register`
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

/** Undefined, with the reason told, where this machine lets nobody mount. */
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

describe('a broadcast whose store fails', () => {
  it('is 503 STORE_FULL while the disk is full, never an acknowledgement, and goes on when there is room', async (t) => {
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

  it('is 503 STORE_UNAVAILABLE or accepted into a new file once the file is deleted, never into nothing', async (t) => {
    const folder = temporaryFolder(t)
    const { write, path } = await openGateway(t, folder)
    assert.equal((await write()).status, 201)
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    const { status, code } = await write()
    assert.ok(status === 201 ? existsSync(path) : code === 'STORE_UNAVAILABLE', `${status} ${code}`)
    await until('it is accepted again', async () => (await write()).status === 201, 5000)
    assert.ok(existsSync(path))
  })
})

/** Until not another byte goes in. */
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
