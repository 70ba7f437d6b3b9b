/**
 * Acceptance of `callback`, on one worker on core 0, with the asynchronous backend and the load on core 1:
 *
 * 1. `ab -c 50 -n 20000`: no failures, only 2xx.
 * 2. 20,000 calls, 256 at a time: each gets the result of its own id.
 * 3. 20,000 calls that wait together for results due after 4 s: all answered within their 5 s.
 * 4. CPU of the gateway per call (three exchanges), as a multiple of plain `forward` (two), in the same run and with a
 *    backend that is not the bottleneck.
 *
 *   bin/node bench/callback.ts [--seconds 5] [--rounds 3] [--open 20000]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { runAb } from './kit/ab.ts'
import { type Answer, Client } from './kit/client.ts'
import { us, whole } from './kit/format.ts'
import { type Figures, medianOf, medianRatio, sideBySide } from './kit/measure.ts'
import { cpuMicroseconds } from './kit/process-cpu.ts'
import { listening, requireProgram, startPinned, stopAll } from './kit/processes.ts'
import { quantile } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    open: { type: 'string', default: '20000' },
  },
})
const root = join(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'hedgerow-callback-'))
const port = 18_121
const backendPort = 18_122
const quickPort = 18_123
const openAtOnce = Number(args.open)
const delaySeconds = 4
const deadlineMs = 5000
const allowed = 3
const rampMs = 3000

/** Like the `async` profile, but the result contains the query that it answers. */
const profile = {
  endpoints: {
    'GET /backend-service/method': {
      body: { json: { accepted: true } },
      callback: { defaultUrl: 'http://localhost:1/', repeatEveryMs: 10_000, body: { text: '{"query":"{{query}}"}' } },
    },
  },
}

requireProgram('ab', 'apache2-utils')
requireProgram('wrk', 'wrk')
process.exitCode = 1
try {
  const isGood = await run()
  process.exitCode = isGood ? 0 : 1
} finally {
  await stopAll()
  rmSync(work, { recursive: true })
}

async function run(): Promise<boolean> {
  // This process is the client of parts 2 and 3.
  spawnSync('taskset', ['-cp', '1', String(process.pid)])
  const profileFile = join(work, 'async.json')
  writeFileSync(profileFile, JSON.stringify(profile))
  startPinned(1, join(root, 'bin/hedgerow'), ['backend', profileFile, '--port', String(backendPort)])
  const gateway = startPinned(0, join(root, 'bin/hedgerow'), ['serve', gatewayConfig()])
  startPinned(1, process.execPath, [join(root, 'bench/kit/async-backend.ts'), '--port', String(quickPort)])
  for (const one of [port, backendPort, quickPort]) await listening(one)
  const pid = gateway.pid as number
  const parts = [await answersAb(), await ownResults(), await manyOpen(pid), await costs(pid)]
  return parts.every(Boolean)
}

function gatewayConfig(): string {
  const file = join(work, 'hedgerow.yaml')
  writeFileSync(
    file,
    `listen: { port: ${port}, maxConnections: 30000 }
callbacks: { url: http://127.0.0.1:${port} }
upstreams:
  async: { targets: [http://127.0.0.1:${backendPort}] }
  quick: { targets: [http://127.0.0.1:${quickPort}] }
routes:
  - match: GET /service/method
    deadline: ${deadlineMs}ms
    callback: { upstream: async, path: /backend-service/method, receive: { path: /callback.service/method } }
  - match: GET /quick
    callback: { upstream: quick, receive: { path: /callback.quick } }
  - match: GET /forward
    forward: { upstream: quick, path: /plain }
`,
  )
  return file
}

async function answersAb(): Promise<boolean> {
  const calls = 20_000
  const ab = await runAb({ url: url('?delay=0'), calls, concurrency: 50, cores: 1 })
  console.log(
    `ab -c 50 -n ${calls}: ${ab.completed} complete, ${ab.failed} failed or non-2xx, ${ab.requestsPerSecond}/s, ` +
      `p50 ${ms(ab.p50Ms)}, p99 ${ms(ab.p99Ms)}`,
  )
  return ab.failed === 0
}

async function ownResults(): Promise<boolean> {
  const calls = 20_000
  const concurrency = 256
  const times: number[] = []
  let wrong = 0
  let next = 0
  const worker = async (): Promise<void> => {
    const client = await Client.connected(port)
    while (next < calls) {
      const query = `delay=0&id=${next++}`
      const { status, body, ms } = await client.ask(`/service/method?${query}`)
      times.push(ms)
      if (status !== 200 || body !== JSON.stringify({ query })) wrong++
    }
    client.close()
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
  console.log(
    `${calls} calls at ${concurrency} at once: ${wrong} without their own result, p50 ${ms(p50)}, p99 ${ms(p99)}`,
  )
  return wrong === 0
}

/**
 * The connections are opened first, and all calls start before the first result is due. Two calls share a connection,
 * so that the usual limit of 20,000 open files is enough for 20,000 calls.
 */
async function manyOpen(pid: number): Promise<boolean> {
  const clients: Client[] = []
  while (clients.length < openAtOnce / 2) {
    const more = Math.min(500, openAtOnce / 2 - clients.length)
    clients.push(...(await Promise.all(Array.from({ length: more }, () => Client.connected(port)))))
  }
  const cpuBefore = cpuMicroseconds(pid)
  const startedMs = performance.now()
  const answers: Promise<Answer>[] = []
  let ended = 0
  for (let id = 0; id < openAtOnce; id++) {
    const client = clients[id % clients.length] as Client
    answers.push(client.ask(`/service/method?delay=${delaySeconds}&id=${id}`).finally(() => ended++))
    // Calls per millisecond, so that all start well before the first result is due.
    const aheadMs = ((id + 1) / openAtOnce) * rampMs - (performance.now() - startedMs)
    if (aheadMs > 2) await sleep(aheadMs)
  }
  const begunMs = performance.now() - startedMs
  const most = openAtOnce - ended
  const all = await Promise.all(answers)
  const good = all.filter(
    ({ status, body }, id) => status === 200 && body === `{"query":"delay=${delaySeconds}&id=${id}"}`,
  )
  const times = all.map((answer) => answer.ms)
  const cpu = (cpuMicroseconds(pid) - cpuBefore) / openAtOnce
  for (const client of clients) client.close()
  console.log(
    `${openAtOnce} calls with results ${delaySeconds} s away, begun within ${ms(begunMs)}: ${most} open at once, ` +
      `${good.length} answered with their own result, p50 ${ms(quantile(times, 0.5))}, longest ${ms(Math.max(...times))}, ` +
      `${cpu.toFixed(0)} us of CPU each`,
  )
  return good.length === openAtOnce && Math.max(...times) < deadlineMs && most === openAtOnce
}

async function costs(pid: number): Promise<boolean> {
  const forward = { name: 'forward', pid, url: `http://127.0.0.1:${port}/forward` }
  const callback = { name: 'callback', pid, url: `http://127.0.0.1:${port}/quick` }
  const seconds = Number(args.seconds)
  const load = { connections: 64, seconds, warmUpSeconds: seconds, rounds: Number(args.rounds), cores: 1 }
  const measured = await sideBySide([forward, callback], load, () => {})
  for (const figures of measured) {
    const [cpuUs, rate] = [
      medianOf(figures, (round) => round.cpuUs),
      medianOf(figures, (round) => round.requestsPerSecond),
    ]
    console.log(`${figures.name.padEnd(9)} ${us(cpuUs)} of CPU a call, ${whole(rate)}/s`)
  }
  const [first, second] = measured as readonly [Figures, Figures]
  const ratio = medianRatio(second, first, ({ cpuUs }) => cpuUs)
  console.log(
    `callback costs ${ratio.toFixed(2)} x forward (allowed: ${allowed}), medians of ${args.rounds} rounds of ${args.seconds} s`,
  )
  return ratio <= allowed
}

function url(query: string): string {
  return `http://127.0.0.1:${port}/service/method${query}`
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
