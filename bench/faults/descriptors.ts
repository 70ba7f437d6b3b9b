/**
 * A gateway that runs out of file descriptors: `ulimit -n 128`, 300 idle clients, and targets that close each
 * connection, so that every call needs a new one.
 *
 *   bin/node bench/faults/descriptors.ts [--workers 1]
 *
 * Expected: calls fail with the gateway's own shortage and no target is ejected; the log has one line about it; the
 * process survives; once the idle clients leave, calls succeed at once. Takes some 15 s. Exit code 1 otherwise.
 */

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Answer, Client } from '../kit/client.ts'
import { cpuOfTree } from '../kit/process-cpu.ts'
import { freePort, start, stop } from '../kit/processes.ts'
import { onStage, tidyOnSignals } from '../kit/stage.ts'

const { values: args } = parseArgs({ options: { workers: { type: 'string', default: '1' } } })
const limit = 128
const idleClients = 300
const callers = 10
const shortageMs = 6000
const wrong: string[] = []
tidyOnSignals()

await onStage(async (stage) => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const targets = [await target(), await target()]
  const config = stage.file(
    'gateway.yaml',
    JSON.stringify({
      listen: { port },
      workers: Number(args.workers),
      admin: { port: adminPort },
      upstreams: { work: { targets: targets.map(urlOf) } },
      routes: [{ match: '/*', deadline: '2s', forward: { upstream: 'work', retry: { attempts: 3 } } }],
    }),
  )
  const logFile = join(stage.folder, 'gateway.log')
  const hedgerow = join(import.meta.dirname, '../../bin/hedgerow')
  const gateway = start('sh', ['-c', `ulimit -n ${limit} && exec ${hedgerow} serve ${config}`], { logFile })
  const pid = gateway.pid ?? 0
  // The front port answers once the first worker runs; this one once all do.
  while (!(await admin(adminPort)) && gateway.exitCode === null) await sleep(100)
  // Connect before the descriptors run out.
  const clients = await Promise.all(Array.from({ length: callers }, () => Client.connected(port)))
  show('before', await calls(clients, 1000))

  const idle = await Promise.all(Array.from({ length: idleClients }, () => idleClient(port)))
  await sleep(500)
  const beforeUs = cpuOfTree(pid)
  const during = await calls(clients, shortageMs)
  const cores = (cpuOfTree(pid) - beforeUs) / 1000 / shortageMs
  show('without descriptors', during)
  console.log(
    `  ${cores.toFixed(2)} cores; the admin side ${(await admin(adminPort)) ? 'answered' : 'could not be reached'}`,
  )
  check(
    during.every(({ status, body }) => status === 200 || (status === 503 && body.includes('GATEWAY_EXHAUSTED'))),
    'a call failed as if its target were at fault',
  )
  check(
    during.some(({ status }) => status === 503),
    'the descriptors did suffice, so that nothing was shown',
  )

  for (const client of idle) client.destroy()
  await sleep(200)
  const after = await calls(clients, 2000)
  show('after the idle clients left', after)
  check(
    after.every(({ status }) => status === 200),
    'calls fail still, though there are descriptors again',
  )
  check(await admin(adminPort), 'the admin side does not answer after it')
  check(gateway.exitCode === null, 'the gateway has ended')
  for (const client of clients) client.close()
  await stop(gateway)
  const lines = readFileSync(logFile, 'utf8').trim().split('\n')
  const told = lines.filter((line) => line.includes('no free file descriptor'))
  for (const line of lines.filter((one) => one.includes('"warn"') || one.includes('"error"'))) console.log(`  ${line}`)
  check(told.length === 1, `${told.length} lines of the log tell of it, not one`)
  check(!lines.some((line) => line.includes('ejected')), 'a healthy target was ejected')
  check(
    lines.some((line) => line.includes('listen.maxConnections is 20000')),
    'no warning at the start',
  )
  for (const one of targets) one.close()
})
for (const one of wrong) console.log(`WRONG: ${one}`)
process.exitCode = wrong.length === 0 ? 0 : 1

/** Each client sends its next call as soon as it has its answer; after a failure, a little later. */
async function calls(clients: readonly Client[], forMs: number): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  const endMs = performance.now() + forMs
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endMs) {
        const answer = await client.ask('/')
        answers.push(answer)
        await sleep(answer.status === 200 ? 5 : 20)
      }
    }),
  )
  return answers
}

function show(when: string, answers: readonly Answer[]): void {
  const counts = Map.groupBy(answers, ({ status, body }) =>
    `${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ''}`.trim(),
  )
  console.log(`${when}: ${[...counts].map(([what, { length }]) => `${length} x ${what}`).join(', ')}`)
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) wrong.push(otherwise)
}

async function target(): Promise<Server> {
  const server = createServer((_message, response) => response.setHeader('connection', 'close').end('well'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function idleClient(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(socket))
    socket.on('connect', () => resolve(socket))
  })
}

async function admin(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2000) })).ok
  } catch {
    return false
  }
}
