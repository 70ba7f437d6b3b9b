import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../../src/kit/random.ts'
import { type Receipt, RecordingTarget } from './recording-target.ts'
import { type Acknowledged, type Crash, judge, type Verdict } from './verdict.ts'

const root = join(import.meta.dirname, '../..')

export interface CrashOptions {
  readonly kills: number
  /** The run ends after this many acknowledged writes and all kills. */
  readonly writes: number
  readonly seed: number
  readonly onProgress?: (text: string) => void
}

export interface CrashReport extends Verdict {
  readonly kills: number
  readonly acknowledged: number
  readonly cutOff: number
}

const users = 32

/** Runs the real gateway, kills it with SIGKILL at random moments while clients write, and checks the requests sent. */
export async function crashRun(options: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-crash-'))
  const targets = ['one', 'two', 'three'].map((name) => new RecordingTarget(name, name === 'two'))
  await Promise.all(targets.map((target) => target.start()))
  const gateway = new KilledGateway(folder, targets, await freePort(), await freePort())
  const agent = new Agent({ keepAlive: true, maxSockets: users })
  const acknowledged: Acknowledged[] = []
  let cutOff = 0
  const run = { ended: false }
  try {
    await gateway.start()
    const writers = Array.from({ length: users }, async (_, user) => {
      for (let number = 1; !run.ended; number++) {
        const status = await write(gateway.port, agent, `user-${user}`, number)
        if (status === 201 || status === 202) acknowledged.push({ user: `user-${user}`, number })
        else if (status === 0) {
          cutOff++
          await sleep(20)
        } else throw new Error(`a write was answered ${status}`)
      }
    })
    const random = seededRandom(options.seed)
    while (gateway.crashes.length < options.kills || acknowledged.length < options.writes) {
      await sleep(20 + 400 * random())
      if (gateway.crashes.length >= options.kills) continue
      await gateway.kill()
      await gateway.start()
      options.onProgress?.(`${gateway.crashes.length} kills, ${acknowledged.length} acknowledged`)
    }
    run.ended = true
    await Promise.all(writers)
    await gateway.delivered()
    const receipts = new Map<string, readonly Receipt[]>(targets.map((target) => [target.name, target.receipts]))
    const verdict = judge({ acknowledged, receipts, crashes: gateway.crashes })
    return { ...verdict, kills: gateway.crashes.length, acknowledged: acknowledged.length, cutOff }
  } finally {
    run.ended = true
    agent.destroy()
    await gateway.kill()
    await Promise.all(targets.map((target) => target.stop()))
    rmSync(folder, { recursive: true })
  }
}

class KilledGateway {
  readonly port: number
  readonly crashes: Crash[] = []
  readonly #adminPort: number
  readonly #file: string
  #child: ChildProcess | undefined
  #errors = ''

  constructor(folder: string, targets: readonly RecordingTarget[], port: number, adminPort: number) {
    this.port = port
    this.#adminPort = adminPort
    this.#file = join(folder, 'hedgerow.yaml')
    const lines = [
      `listen: { port: ${port} }`,
      `admin: { port: ${adminPort} }`,
      'store: { path: crash.db }',
      'upstreams:',
      '  accounts:',
      '    targets:',
      ...targets.map(({ name, url }) => `      ${name}: ${url}`),
      'routes:',
      '  - match: POST /register',
      '    broadcast:',
      '      upstream: accounts',
      '      order: { by: form.username }',
      '      backoff: { base: 20ms, max: 200ms, jitter: 10ms }',
    ]
    writeFileSync(this.#file, `${lines.join('\n')}\n`)
  }

  async start(): Promise<void> {
    this.#errors = ''
    const child = spawn(join(root, 'bin/hedgerow'), ['serve', this.#file], { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
    this.#child = child
    for (let tries = 0; tries < 400; tries++) {
      if ((await this.#ask('/readyz')) !== undefined) return
      if (child.exitCode !== null) throw new Error(`the gateway did not start: ${this.#errors}`)
      await sleep(25)
    }
    throw new Error(`the gateway is not ready after 10 s: ${this.#errors}`)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    const killedAtMs = performance.now()
    await gone
    this.crashes.push({ killedAtMs, startedAtMs: performance.now() })
  }

  /** Resolves when no delivery is pending. */
  async delivered(): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      const page = (await this.#ask('/api/deliveries?state=pending&limit=1')) as
        | { deliveries: readonly unknown[] }
        | undefined
      if (page?.deliveries.length === 0) return
      await sleep(100)
    }
    throw new Error('there are pending deliveries after 60 s')
  }

  async #ask(path: string): Promise<unknown> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#adminPort}${path}`)
      const text = await response.text()
      return text.startsWith('{') ? JSON.parse(text) : text
    } catch {
      return undefined
    }
  }
}

/** The status; 0 if the connection broke and the result is unknown. */
function write(port: number, agent: Agent, user: string, number: number): Promise<number> {
  const body = `username=${user}&n=${number}`
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', path: '/register', method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    })
    sent.on('error', () => resolve(0))
    sent.end(body)
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
