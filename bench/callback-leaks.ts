/**
 * Checks that waiters that time out leave nothing behind: 100,000 of them, through the real front, against a backend
 * that acknowledges and never calls back; each client gets a ticket valid for one second. Exit code 1 unless no waiter
 * is left and, once the tickets have expired, the heap is back to its size before.
 *
 *   bin/node --expose-gc bench/callback-leaks.ts [--calls 100000] [--concurrency 1000]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { configSchema } from '../src/config/schema.ts'
import { startGateway } from '../src/gateway/gateway.ts'
import { systemClock } from '../src/kit/clock.ts'
import { seededRandom } from '../src/kit/random.ts'
import { Client } from './kit/client.ts'

const { values: args } = parseArgs({
  options: { calls: { type: 'string', default: '100000' }, concurrency: { type: 'string', default: '1000' } },
})
const calls = Number(args.calls)
const concurrency = Number(args.concurrency)

/** Tickets are removed within ten seconds of their expiry. */
const ticketsOverMs = 13_000

/** The heap size varies by this much between collections without a leak. */
const heapToleranceMib = 4

const collectGarbage = globalThis.gc
if (collectGarbage === undefined) {
  console.error('Run it as: bin/node --expose-gc bench/callback-leaks.ts')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'hedgerow-callback-'))
const backend = createServer((_request, response) => response.end('{"accepted":true}'))
await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
const gateway = await startGateway(
  configSchema.parse({
    listen: { port: 0 },
    callbacks: { tickets: { keep: '1s', limit: 1_000_000 } },
    upstreams: { work: { targets: [`http://127.0.0.1:${(backend.address() as AddressInfo).port}`] } },
    routes: [{ match: 'GET /service', deadline: '100ms', callback: { upstream: 'work' } }],
  }),
  { clock: systemClock(), random: seededRandom(1), folder, reportBug: (error) => console.error(error) },
)

process.exitCode = (await run()) ? 0 : 1
await gateway.close()
backend.close()
backend.closeAllConnections()
rmSync(folder, { recursive: true })

async function run(): Promise<boolean> {
  const clients = await Promise.all(Array.from({ length: concurrency }, () => Client.connected(gateway.address.port)))
  // The first thousands create compiled code, pools and buffers; later calls must not add to them.
  await timeOut(clients, calls / 10)
  const before = await heapMib()
  const startedMs = performance.now()
  const timedOut = await timeOut(clients, calls)
  const seconds = (performance.now() - startedMs) / 1000
  const inFlight = await gateway.view.inFlight()
  const after = await heapMib()
  for (const client of clients) client.close()
  const isBack = after - before < heapToleranceMib
  console.log(
    `${calls} waiters, ${concurrency} at once: ${timedOut} timed out with a ticket, in ${seconds.toFixed(1)} s`,
  )
  console.log(`calls in flight at the end: ${inFlight}`)
  console.log(`heap: ${before.toFixed(2)} MiB before, ${after.toFixed(2)} MiB after: ${isBack ? 'ok' : 'NOT BACK'}`)
  return timedOut === calls && inFlight === 0 && isBack
}

/** Counts the 503 answers that name a ticket. */
async function timeOut(clients: readonly Client[], count: number): Promise<number> {
  let next = 0
  let good = 0
  const worker = async (client: Client): Promise<void> => {
    while (next < count) {
      next++
      const { status, body } = await client.ask('/service')
      if (status === 503 && body.includes('"ticket":"/_hedgerow/tickets/')) good++
    }
  }
  await Promise.all(clients.map(worker))
  return good
}

async function heapMib(): Promise<number> {
  await sleep(ticketsOverMs)
  for (let i = 0; i < 5; i++) {
    collectGarbage?.()
    await sleep(50)
  }
  return process.memoryUsage().heapUsed / 1024 / 1024
}
