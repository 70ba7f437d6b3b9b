/**
 * Stops the gateway (SIGSTOP) while calls are in flight, then continues it, and checks the calls and the targets. A
 * third of the clients call with a deadline of 1 s, a third with an `attemptTimeout` of 500 ms, a third with the
 * defaults; three targets answer in 50 ms, during the pause too.
 *
 *   bin/node bench/faults/pause.ts [--runs 3] [--only 3s,11s] [--workers 1,2]
 *
 * Exit code 1 if a target is ejected, a breaker opens, or a call fails although its answer had reached the gateway's
 * socket during the pause.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort, listening, start, stop, stopAll } from '../kit/processes.ts'

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: '3s,11s' },
    workers: { type: 'string', default: '1,2' },
  },
})

interface Scene {
  readonly pauseMs: number
  readonly clients: number
  /** Options of the upstream besides its targets. */
  readonly upstream: string
}

const scenes: Readonly<Record<string, Scene>> = {
  '3s': { pauseMs: 3000, clients: 60, upstream: '' },
  '11s': { pauseMs: 11_000, clients: 90, upstream: ', breaker: { failures: 50% }' },
}
const paths = ['/deadline', '/attempt-timeout', '/default'] as const
const answerMs = 50
const beforeMs = 2000
const afterMs = 3000

interface CallResult {
  readonly id: string
  readonly startedMs: number
  readonly endedMs: number
  /** 0: the connection broke. */
  readonly status: number
}

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-pause-'))
/** When the latest answer to a call was written, by call id. */
const answeredMs = new Map<string, number>()
const targets = await Promise.all(Array.from({ length: 3 }, startTarget))
let breaches = 0
try {
  for (const name of args.only.split(',')) {
    const scene = scenes[name]
    if (scene === undefined) throw new Error(`--only takes ${Object.keys(scenes).join(' and ')}, not ${name}`)
    for (const workers of args.workers.split(',')) {
      for (let run = 1; run <= Number(args.runs); run++) await play(`${name} ${workers} run ${run}`, scene, workers)
    }
  }
} finally {
  await stopAll()
  for (const target of targets) target.close().closeAllConnections()
  rmSync(folder, { recursive: true })
}
process.exitCode = breaches === 0 ? 0 : 1

async function play(name: string, { pauseMs, clients, upstream }: Scene, workers: string): Promise<void> {
  const port = await freePort()
  const urls = targets.map((target) => `'http://127.0.0.1:${(target.address() as AddressInfo).port}'`)
  const file = join(folder, 'pause.yaml')
  const logFile = join(folder, `${name.replaceAll(' ', '-')}.log`)
  const forward = (more: string): string => `forward: { upstream: work${more} }`
  writeFileSync(
    file,
    `listen: { port: ${port} }
workers: ${workers}
upstreams: { work: { targets: [${urls.join(', ')}]${upstream} } }
routes:
  - { match: /deadline, deadline: 1s, ${forward('')} }
  - { match: /attempt-timeout, ${forward(', attemptTimeout: 500ms')} }
  - { match: /default, ${forward('')} }
`,
  )
  const gateway = start(join(root, 'bin/hedgerow'), ['serve', file], { logFile })
  await listening(port, undefined, 60)
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const results: CallResult[] = []
  const endMs = performance.now() + beforeMs + pauseMs + afterMs
  const calling = Array.from({ length: clients }, async (_, place) => {
    const path = paths[place % paths.length] as string
    for (let n = 0; performance.now() < endMs; n++) results.push(await call(port, agent, path, `${name}-${place}-${n}`))
  })
  await sleep(beforeMs)
  gateway.kill('SIGSTOP')
  const stoppedMs = performance.now()
  await sleep(pauseMs)
  const wentOnMs = performance.now()
  gateway.kill('SIGCONT')
  await Promise.all(calling)
  agent.destroy()
  await stop(gateway)

  const inFlight = results.filter((result) => result.startedMs < stoppedMs && result.endedMs > stoppedMs)
  const wasAnswered = ({ id }: CallResult): boolean => {
    const atMs = answeredMs.get(id) ?? 0
    return atMs > stoppedMs && atMs < wentOnMs
  }
  const lost = inFlight.filter((result) => result.status !== 200 && wasAnswered(result))
  const log = readFileSync(logFile, 'utf8')
  const ejected = log.split(' is ejected for ').length - 1
  const opened = log.split(/the breaker of .* is open/).length - 1
  const isFine = lost.length + ejected + opened === 0
  if (!isFine) breaches++
  const [stopped, answered] = [inFlight.length, inFlight.filter(wasAnswered).length]
  console.log(
    `${isFine ? 'ok    ' : 'BROKEN'} ${name}: ${stopped} calls in flight, ${answered} answered during the pause, ${lost.length} of these failed; ` +
      `${statusesOf(inFlight)} of those in flight, ${statusesOf(results)} in all; ejected ${ejected}, breakers opened ${opened}`,
  )
  answeredMs.clear()
}

function statusesOf(results: readonly CallResult[]): string {
  const counts = Map.groupBy(results, ({ status }) => status)
  return [...counts].map(([status, { length }]) => `${status} x ${length}`).join(', ')
}

function call(port: number, agent: Agent, path: string, id: string): Promise<CallResult> {
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const done = (status: number): void => resolve({ id, startedMs, endedMs: performance.now(), status })
    const sent = request({ port, path, agent, headers: { 'x-id': id } }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode ?? 0))
      response.on('error', () => done(0))
    })
    sent.on('error', () => done(0))
    sent.end()
  })
}

async function startTarget(): Promise<Server> {
  const server = createServer((asked, answer) => {
    setTimeout(() => {
      answer.end('here it is')
      answeredMs.set(String(asked.headers['x-id']), performance.now())
    }, answerMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
