/**
 * A backend is down while users register and change their passwords: measures how long users wait, and checks that the
 * backend gets every write, in order per user, once it is back.
 *
 *   bin/node bench/outage.ts [--users 1000] [--seconds 60]
 *
 * Exit code 1 if a write is missing, out of order or not answered 201, or if p99 is more than 3 times the p99 of the
 * same load with all backends up.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readyProfiles } from '@hedgerow/backend/profiles'
import type { Backend } from '@hedgerow/backend/server'
import { configSchema } from '../src/config/schema.ts'
import { startGateway } from '../src/gateway/gateway.ts'
import { systemClock } from '../src/kit/clock.ts'
import { systemRandom } from '../src/kit/random.ts'
import { startBackend } from '../test/kit/backend.ts'
import { quantile } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: { users: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '60' } },
})
const users = Number(args.users)
const seconds = Number(args.seconds)
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-outage-'))
const received = new Map<string, string[]>()

const names = ['server1', 'server2', 'server3']
const backends = await Promise.all(names.map(openBackend))
const downed = backends[1] as Backend
const gateway = await openGateway()
const url = `http://127.0.0.1:${gateway.address.port}`
try {
  const before = await load('up', seconds / 6)
  await downed.patch({ refuse: true })
  const during = await load('down', seconds)
  const backMs = performance.now()
  await downed.patch({ refuse: false })
  const expected = 2 * (before.length + during.length)
  while ((received.get(downed.name)?.length ?? 0) < expected && performance.now() - backMs < 90_000) await sleep(50)
  const caughtUpS = ((performance.now() - backMs) / 1000).toFixed(1)
  const wrong = names.flatMap((name) =>
    faultsOf(
      name,
      [...before, ...during].map(({ user }) => user),
    ),
  )
  console.log(`${users} users wrote twice each while ${downed.name} was down for ${seconds} s`)
  const [calm, troubled] = [before, during].map((list) => list.flatMap(({ tookMs }) => tookMs)) as [number[], number[]]
  show('all up', calm)
  show('one down', troubled)
  console.log(
    `${downed.name} had all ${expected} writes ${caughtUpS} s after it was back; ${wrong.length} missing or out of order`,
  )
  for (const error of wrong.slice(0, 10)) console.log(`  ${error}`)
  process.exitCode = wrong.length === 0 && quantile(troubled, 0.99) <= 3 * quantile(calm, 0.99) ? 0 : 1
} finally {
  await gateway.close()
  await Promise.all(backends.map((backend) => backend.close()))
  rmSync(folder, { recursive: true })
}

interface UserResult {
  readonly user: string
  readonly tookMs: readonly number[]
}

/** Spreads the users over the time; each registers, and then changes the password. */
async function load(phase: string, overSeconds: number): Promise<readonly UserResult[]> {
  const count = Math.round((users * overSeconds) / seconds)
  const started = Array.from({ length: count }, async (_, place) => {
    await sleep((place / count) * overSeconds * 1000)
    const user = `${phase}-${place}`
    const tookMs = [await write('/register', user), await write('/changePassword', user)]
    return { user, tookMs }
  })
  const results = await Promise.all(started)
  await sleep(Math.max(0, (overSeconds / count) * 1000))
  return results
}

async function write(path: string, user: string): Promise<number> {
  const startedMs = performance.now()
  const answer = await fetch(url + path, { method: 'POST', body: new URLSearchParams({ username: user, path }) })
  await answer.text()
  if (answer.status !== 201) throw new Error(`${path} of ${user} was answered ${answer.status}`)
  return performance.now() - startedMs
}

function faultsOf(name: string, all: readonly string[]): readonly string[] {
  const byUser = Map.groupBy(received.get(name) ?? [], (body) => new URLSearchParams(body).get('username') ?? '')
  return all.flatMap((user) => {
    const paths = (byUser.get(user) ?? []).map((body) => new URLSearchParams(body).get('path'))
    return paths.join() === '/register,/changePassword' ? [] : [`${user} at ${name}: ${paths.join() || 'nothing'}`]
  })
}

function show(name: string, tookMs: readonly number[]): void {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(tookMs, share).toFixed(1))
  console.log(`${name.padEnd(10)} p50 ${p50} ms  p99 ${p99} ms  max ${max} ms  (${tookMs.length} writes)`)
}

function openBackend(name: string): Promise<Backend> {
  const list: string[] = []
  received.set(name, list)
  const onRequest = ({ body }: { readonly body: Uint8Array }): void => void list.push(Buffer.from(body).toString())
  return startBackend({ profile: readyProfiles.accounts(), name, port: 0, onRequest })
}

function openGateway() {
  const broadcast = { upstream: 'accounts', order: { by: 'form.username' } }
  const config = configSchema.parse({
    listen: { port: 0 },
    store: { path: 'outage.db' },
    upstreams: { accounts: { targets: Object.fromEntries(backends.map(({ name, url: at }) => [name, at])) } },
    routes: [
      { match: 'POST /register', broadcast },
      { match: 'POST /changePassword', broadcast },
    ],
  })
  const reportBug = (error: unknown): void => console.error(error)
  return startGateway(config, { clock: systemClock(), random: systemRandom, folder, reportBug })
}
