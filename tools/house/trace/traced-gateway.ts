import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { TraceCommand, TraceEvent, TracePlan } from './protocol.ts'

/** Long enough for all threads to start, and for a command to reach them and be answered, also on a busy machine. */
const graceMs = 60_000

/** A gateway of the checkout, with the tracer in each of its threads. */
export class TracedGateway {
  readonly port: number
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #threads: number
  #events: TraceEvent[] = []

  private constructor(port: number, child: ChildProcess, folder: string, threads: number) {
    this.port = port
    this.#process = child
    this.#folder = folder
    this.#threads = threads
    child.on('message', (event) => this.#events.push(event as TraceEvent))
  }

  /** `threads`: how many the gateway has with this configuration. */
  static async start(
    config: Readonly<Record<string, unknown>>,
    threads: number,
    plan: TracePlan,
  ): Promise<TracedGateway> {
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-house-'))
    writeFileSync(join(folder, 'hedgerow.json'), JSON.stringify({ listen: { port: 0 }, ...config }))
    const tracer = join(import.meta.dirname, 'tracer.ts')
    const args = ['--import', tracer, join(plan.root, 'src/cli/main.ts'), 'serve', join(folder, 'hedgerow.json')]
    const child = spawn(process.execPath, args, {
      env: { ...process.env, HOUSE_TRACE: JSON.stringify(plan) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    return new TracedGateway(await portOf(child), child, folder, threads)
  }

  /** Events of all threads while `work` ran. */
  async trace(work: () => Promise<unknown>): Promise<readonly TraceEvent[]> {
    await this.#command('reset')
    await work()
    await this.#command('collect')
    return this.#events.toSorted((a, b) => a.at - b.at)
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
    rmSync(this.#folder, { recursive: true })
  }

  async #command(command: TraceCommand): Promise<void> {
    this.#events = []
    this.#process.send(command)
    const limit = Date.now() + graceMs
    while (this.#events.filter(({ kind }) => kind === 'end').length < this.#threads) {
      if (Date.now() > limit) throw new Error(`not all ${this.#threads} threads have answered`)
      await after(10)
    }
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  let text = ''
  try {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)))
    for (;;) {
      const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text) ?? []
      if (port !== undefined) return Number(port)
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the gateway has ended: ${text}`)
      await after(50)
    }
  } finally {
    clearTimeout(timer)
  }
}
