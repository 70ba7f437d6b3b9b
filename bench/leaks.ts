/**
 * Checks that failed calls leave nothing behind: 10,000 that time out and 10,000 whose clients hang up, all against a
 * backend that never answers. Exit code 1 unless every socket is closed and the heap is back to its size before.
 *
 *   bin/node --expose-gc bench/leaks.ts [--calls 10000] [--concurrency 200]
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { configSchema } from '../src/config/schema.ts'
import { startGateway } from '../src/gateway/gateway.ts'
import { systemClock } from '../src/kit/clock.ts'
import { seededRandom } from '../src/kit/random.ts'
import { startBackend } from '../test/kit/backend.ts'

const { values: args } = parseArgs({
  options: { calls: { type: 'string', default: '10000' }, concurrency: { type: 'string', default: '200' } },
})
const calls = Number(args.calls)
const concurrency = Number(args.concurrency)

/** Long enough that all calls of a round overlap, short enough for 10,000 of them. */
const deadlineMs = 200
/** The heap size varies by this much between collections without a leak. */
const heapToleranceMib = 4

/** A socket that closes later than this was leaked, and closed only by its own timeout. */
const maxRestMs = 2000

/** One route for each way to start and cancel attempts. */
const routes = [
  { match: 'GET /forward', forward: { upstream: 'work' } },
  { match: 'POST /forward', forward: { upstream: 'work' } },
  {
    match: 'GET /retry',
    forward: { upstream: 'work', attemptTimeout: '90ms', retry: { attempts: 3, minBudget: 1000 } },
  },
  { match: 'GET /hedge', hedge: { upstream: 'work', after: '50ms', extra: 2, budget: 'unlimited' } },
  { match: 'GET /all', all: { upstream: 'work', calls: 2 } },
  { match: 'GET /quorum', quorum: { upstream: 'work', of: 3, need: 2 } },
] as const

const requests = routes.map(({ match }) => {
  const hasBody = match.startsWith('POST')
  const fields = `Host: front\r\nConnection: close\r\n${hasBody ? 'Content-Length: 4\r\n' : ''}`
  return `${match} HTTP/1.1\r\n${fields}\r\n${hasBody ? 'body' : ''}`
})

interface Snapshot {
  readonly frontSockets: number
  readonly callsInFlight: number
  readonly targetSockets: number
  readonly backendSockets: number
  /** Sockets of front, targets and backend, and any others. */
  readonly processSockets: number
  /** Time from the last call until the last socket closed. */
  readonly restMs: number
  readonly heapMib: number
}

const collectGarbage = globalThis.gc
if (collectGarbage === undefined) {
  console.error('Run it as: bin/node --expose-gc bench/leaks.ts')
  process.exit(2)
}

const hangs = { faults: { hangAfterAccept: 1 } }
const backend = await startBackend({ profile: { endpoints: { 'GET /*': hangs, 'POST /*': hangs } }, port: 0 })
const gateway = await startGateway(
  configSchema.parse({
    listen: { port: 0 },
    upstreams: { work: { targets: [backend.url] } },
    routes: routes.map((route) => Object.assign({ deadline: `${deadlineMs}ms` }, route)),
  }),
  { clock: systemClock(), random: seededRandom(1), reportBug: (error) => console.error(error) },
)
const { port } = gateway.address

process.exitCode = (await run()) ? 0 : 1
await gateway.close()
await backend.close()

async function run(): Promise<boolean> {
  // The first thousands create compiled code, pools and buffers; later calls must not add to them.
  await rounds(calls / 4, timeOut)
  await rounds(calls / 4, hangUp)
  const before = await snapshot()
  const seenBefore = backend.stats()
  const startedMs = performance.now()
  await rounds(calls, timeOut)
  const between = await snapshot()
  await rounds(calls, hangUp)
  const after = await snapshot()
  const seconds = (performance.now() - startedMs) / 1000
  const seen = backend.stats()
  const attempts = seen.requests - seenBefore.requests
  const gone = seen.aborted - seenBefore.aborted
  console.log(`${calls} time-outs and ${calls} hang-ups, ${concurrency} at once: ${seconds.toFixed(1)} s`)
  console.log(`${attempts} attempts reached the backend, which saw ${gone} of them given up`)
  const isClean = report(before, between, after)
  return attempts === gone && isClean
}

async function rounds(count: number, call: (request: string, place: number) => Promise<void>): Promise<void> {
  let place = 0
  const worker = async (): Promise<void> => {
    while (place < count) {
      const current = place++
      await call(requests[current % requests.length] as string, current)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** Waits for the answer, which must be a 504. */
function timeOut(request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      answer += text
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (answer.startsWith('HTTP/1.1 504 ')) resolve()
      else reject(new Error(`expected 504; found ${JSON.stringify(answer.slice(0, 200))}`))
    })
  })
}

/** Hangs up at a random moment between connecting and the deadline. */
async function hangUp(request: string, place: number): Promise<void> {
  const socket = connect(port, '127.0.0.1', () => socket.write(request))
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await sleep(1 + (place % 120))
  if (place % 2 === 0) socket.destroy()
  else socket.resetAndDestroy()
  await closed
}

async function snapshot(): Promise<Snapshot> {
  const restMs = await rest()
  for (let i = 0; i < 5; i++) {
    collectGarbage?.()
    await sleep(50)
  }
  return {
    frontSockets: await clientSockets(),
    callsInFlight: await gateway.view.inFlight(),
    targetSockets: await targetSockets(),
    backendSockets: backend.stats().connections,
    processSockets: processSockets(),
    restMs,
    heapMib: process.memoryUsage().heapUsed / 1024 / 1024,
  }
}

async function clientSockets(): Promise<number> {
  return (await gateway.view.connections()).active
}

async function targetSockets(): Promise<number> {
  const counts = Object.values(await gateway.view.targetConnections())
  return counts.reduce((sum, { open }) => sum + open, 0)
}

/** Gives calls in flight a moment, then returns the number still open. */
async function rest(): Promise<number> {
  const startedMs = performance.now()
  const elapsedMs = (): number => performance.now() - startedMs
  while (elapsedMs() < 5000) {
    const ofGateway = (await gateway.view.inFlight()) + (await targetSockets())
    const left = ofGateway + backend.stats().connections + (await clientSockets()) + processSockets()
    if (left === 0) break
    await sleep(10)
  }
  return elapsedMs()
}

function processSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

function report(before: Snapshot, between: Snapshot, after: Snapshot): boolean {
  let isClean = true
  const row = (name: string, values: readonly number[], isGood: boolean, digits = 0): void => {
    isClean &&= isGood
    const cells = values.map((value) => value.toFixed(digits).padStart(10)).join('')
    console.log(`${name.padEnd(22)}${cells}  ${isGood ? 'ok' : 'NOT BACK'}`)
  }
  console.log(`${''.padEnd(22)}${['before', 'time-outs', 'hang-ups'].map((name) => name.padStart(10)).join('')}`)
  for (const [key, name] of [
    ['frontSockets', 'sockets of the front'],
    ['callsInFlight', 'calls in flight'],
    ['targetSockets', 'sockets to targets'],
    ['backendSockets', 'sockets at the backend'],
    ['processSockets', 'sockets of the process'],
  ] as const) {
    row(name, [before[key], between[key], after[key]], between[key] === before[key] && after[key] === before[key])
  }
  const growthMib = after.heapMib - before.heapMib
  const restsMs = [before.restMs, between.restMs, after.restMs]
  row('last socket gone, ms', restsMs, Math.max(...restsMs) < maxRestMs)
  row('heap, MiB', [before.heapMib, between.heapMib, after.heapMib], growthMib < heapToleranceMib, 2)
  return isClean
}
