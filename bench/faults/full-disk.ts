/**
 * One of two targets is down, and its pending writes fill the disk of the store: a tmpfs of 3 MB and one of 16 MB,
 * twice each; then once each with a disk that other files have filled to the last page. Then the target comes back.
 *
 *   bin/node bench/faults/full-disk.ts [--seconds 10]
 *
 * Needs root, to mount the disks. Exit code 1 if an accepted write has not reached the target within `--seconds`,
 * in the order of its user, or if no new write is accepted after that.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { configSchema } from '../../src/config/schema.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { freePort } from '../kit/processes.ts'

interface Run {
  readonly size: string
  readonly bodyBytes: number
  readonly othersFillIt: boolean
}

const { values: args } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } })
const limitMs = 1000 * Number(args.seconds)
const users = 40
/** Refusals in a row before the disk counts as full: one batch may be too large, and the next one fit. */
const refusalsWhenFull = 100

const small: Run = { size: '3m', bodyBytes: 800, othersFillIt: false }
const large: Run = { size: '16m', bodyBytes: 4000, othersFillIt: false }
const runs = [small, small, large, large, { ...small, othersFillIt: true }, { ...large, othersFillIt: true }]
let failed = 0
for (const run of runs) if (!(await isHealed(run))) failed++
console.log(failed === 0 ? 'every disk has healed by itself' : `${failed} of ${runs.length} runs have not healed`)
process.exitCode = failed === 0 ? 0 : 1

async function isHealed(run: Run): Promise<boolean> {
  const disk = mkdtempSync(join(tmpdir(), 'hedgerow-full-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${run.size}`, 'hedgerow-full-disk', disk])
  const arrived: string[] = []
  const downPort = await freePort()
  const up = await target(0, () => {})
  const gateway = await openGateway(disk, (up.address() as AddressInfo).port, downPort)
  let down: Server | undefined
  try {
    const url = `http://127.0.0.1:${gateway.address.port}/register`
    const accepted = await fill(url, run.bodyBytes)
    if (run.othersFillIt) fillRest(disk)
    const backMs = performance.now()
    down = await target(downPort, (body) => arrived.push(body.slice(0, body.indexOf('&fill='))))
    while (arrived.length < accepted.length && performance.now() - backMs < limitMs) await sleep(20)
    const seconds = ((performance.now() - backMs) / 1000).toFixed(1)
    const missing = accepted.length - new Set(arrived).size
    const wrong = outOfOrder(arrived)
    if (run.othersFillIt) rmSync(join(disk, 'others'))
    const takesNew = await takesWrites(url)
    console.log(
      `${run.size}${run.othersFillIt ? ', filled up by others' : ''}: ${accepted.length} accepted until it was full; ` +
        `${seconds} s after the target was back ${missing} missing, ${wrong} out of order; ` +
        `new writes ${takesNew ? 'accepted' : 'refused'}`,
    )
    return missing === 0 && wrong === 0 && takesNew
  } finally {
    await gateway.close()
    for (const server of [up, down]) server?.closeAllConnections()
    up.close()
    down?.close()
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true })
  }
}

function openGateway(disk: string, upPort: number, downPort: number): Promise<Gateway> {
  const config = configSchema.parse({
    listen: { port: 0 },
    store: { path: join(disk, 'store.db') },
    upstreams: { accounts: { targets: { up: `http://127.0.0.1:${upPort}`, down: `http://127.0.0.1:${downPort}` } } },
    routes: [
      {
        match: 'POST /register',
        broadcast: {
          upstream: 'accounts',
          order: { by: 'form.user' },
          backoff: { base: '100ms', max: '500ms', jitter: '100ms' },
          attempts: 10_000,
        },
      },
    ],
  })
  return startGateway(config, {
    clock: systemClock(),
    random: systemRandom,
    log: (text, level) => (level === 'warn' ? console.log(`  ${text}`) : undefined),
    reportBug: (fault) => console.error(fault),
  })
}

async function target(port: number, onBody: (body: string) => void): Promise<Server> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      onBody(body)
      response.writeHead(201).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

/** Every user writes, one write after the other, until the store is full. Returns the accepted writes. */
async function fill(url: string, bodyBytes: number): Promise<readonly string[]> {
  const accepted: string[] = []
  let refused = 0
  await Promise.all(
    Array.from({ length: users }, async (_, user) => {
      for (let n = 1; refused < refusalsWhenFull; n++) {
        const write = `user=${user}&n=${n}`
        const status = await post(url, `${write}&fill=${'x'.repeat(bodyBytes)}`)
        if (status === 201 || status === 202) accepted.push(write)
        else if (status === 503) await sleep(10 * ++refused)
        else throw new Error(`a write was answered ${status}`)
      }
    }),
  )
  return accepted
}

async function takesWrites(url: string): Promise<boolean> {
  for (let tries = 0; tries < 30; tries++) {
    if ((await post(url, 'user=new&n=1&fill=')) === 201) return true
    await sleep(100)
  }
  return false
}

async function post(url: string, body: string): Promise<number> {
  const response = await fetch(url, { method: 'POST', body })
  await response.arrayBuffer()
  return response.status
}

function fillRest(disk: string): void {
  try {
    for (;;) appendFileSync(join(disk, 'others'), Buffer.alloc(4096, 1))
  } catch {
    // Full.
  }
}

/** Counts writes that arrived after a later write of the same user; duplicates are allowed. */
function outOfOrder(arrived: readonly string[]): number {
  const latest = new Map<string, number>()
  const seen = new Set<string>()
  let wrong = 0
  for (const write of arrived) {
    if (seen.has(write)) continue
    seen.add(write)
    const [user = '', n = ''] = write.split('&n=')
    if (Number(n) < (latest.get(user) ?? 0)) wrong++
    latest.set(user, Number(n))
  }
  return wrong
}
