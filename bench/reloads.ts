/**
 * Counts the requests that fail during 50 reloads and 20 worker deaths under load. Two workers; the load uses kept and
 * new connections side by side.
 *
 *   bin/node bench/reloads.ts [--reloads 50] [--kills 20]
 *
 * Bound: reloads fail no request; a death fails only requests in flight in that worker, or on their way to it.
 */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { configSchema } from '../src/config/schema.ts'
import { startGateway } from '../src/gateway/gateway.ts'
import { systemClock } from '../src/kit/clock.ts'
import { systemRandom } from '../src/kit/random.ts'
import { startBackend } from '../test/kit/backend.ts'

const { values: args } = parseArgs({
  options: { reloads: { type: 'string', default: '50' }, kills: { type: 'string', default: '20' } },
})
const keptConnections = 32
const newConnections = 8
const pauseMs = 200

const threads: Worker[] = []
process.on('worker', (worker) => {
  if (worker.threadName?.startsWith('hedgerow-worker') === true) threads.push(worker)
})
const backend = await startBackend({ profile: readyProfiles['work-fixed'](), port: 0 })
const configOf = (round: number) =>
  configSchema.parse({
    workers: 2,
    admin: { port: 0 },
    listen: { port: 0 },
    upstreams: { work: { targets: [backend.url], keepAlive: `${4000 + (round % 2)}ms` } },
    routes: [
      { match: 'GET /api/work', forward: { upstream: 'work' } },
      { match: `GET /round/${round}`, forward: { upstream: 'work' } },
    ],
  })
const gateway = await startGateway(configOf(0), {
  clock: systemClock(),
  random: systemRandom,
  log: (text, level) => level === 'warn' && !text.includes('died') && !text.includes('are lost') && console.log(text),
  reportBug: (error, about) => console.error(about, error),
})
const url = `http://127.0.0.1:${gateway.address.port}/api/work`

interface Tally {
  good: number
  readonly failures: string[]
}

const kept: Tally = { good: 0, failures: [] }
const fresh: Tally = { good: 0, failures: [] }
const load = { isOver: false }

function once(agent: Agent | false): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`))
      response.on('error', (error) => resolve(error.message))
    })
    asked.on('error', (error) => resolve(error.message))
    asked.end()
  })
}

async function counted(name: string): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.admin?.address.port}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(metrics)?.[1])
}

async function client(agent: Agent | false, tally: Tally): Promise<void> {
  while (!load.isOver) {
    const failure = await once(agent)
    if (failure === undefined) tally.good++
    else tally.failures.push(failure)
  }
}

const clients = [
  ...Array.from({ length: keptConnections }, () => client(new Agent({ keepAlive: true, maxSockets: 1 }), kept)),
  ...Array.from({ length: newConnections }, () => client(false, fresh)),
]
await sleep(1000)

const reloads = Number(args.reloads)
let refused = 0
for (let round = 1; round <= reloads; round++) {
  const reloaded = await gateway.reload(configOf(round))
  if (!reloaded.ok) refused++
  await sleep(pauseMs)
}
const byReloads = { kept: kept.failures.splice(0), fresh: fresh.failures.splice(0) }
const answered = kept.good + fresh.good
console.log(
  `${reloads} reloads under load (${keptConnections} kept connections, ${newConnections} clients with a new one each time): ` +
    `${answered} answered, ${byReloads.kept.length + byReloads.fresh.length} failed, ${refused} reloads refused`,
)

const kills = Number(args.kills)
for (let kill = 0; kill < kills; kill++) {
  await threads.at(-1)?.terminate()
  await sleep(pauseMs)
  while ((await counted('hedgerow_workers')) < 2) await sleep(50)
  await sleep(pauseMs)
}
load.isOver = true
await Promise.all(clients)
const lostCalls = await counted('hedgerow_worker_lost_calls_total')
const died = await counted('hedgerow_worker_exits_total')
console.log(
  `${kills} workers ended under load: ${kept.good + fresh.good - answered} answered, ${kept.failures.length} failed on kept ` +
    `connections, ${fresh.failures.length} on new ones; the gateway counted ${died} deaths and ${lostCalls} calls lost`,
)
await gateway.close()
await backend.close()
// A connection waiting to be accepted, or an answer on its way, is in flight for the client but not for the gateway:
// at most one per client and death.
const mostByKill = keptConnections + newConnections
const holds = byReloads.kept.length + byReloads.fresh.length + refused === 0 && died === kills
const holdsKills = kept.failures.length + fresh.failures.length <= kills * mostByKill
console.log(
  holds && holdsKills ? 'holds' : `DOES NOT HOLD: ${[...byReloads.kept, ...byReloads.fresh].slice(0, 5).join('; ')}`,
)
process.exitCode = holds && holdsKills ? 0 : 1
