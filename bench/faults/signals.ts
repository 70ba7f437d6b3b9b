/**
 * Signals at every moment of the start: SIGHUP and SIGTERM 0 to 1500 ms after the process started, with one thread and
 * with workers. SIGHUP must never end it; SIGTERM must end it with exit code 0. A Node program cannot handle a signal
 * before its first line of JavaScript has run; signals in that window are reported separately.
 *
 *   bin/node bench/faults/signals.ts [--step 50] [--last 1500] [--at-once 4]
 *
 * Linux only, as it reads /proc. Exit code 1 if a signal has ended a process that was running JavaScript, or on an exit
 * code other than 0.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values: args } = parseArgs({
  options: {
    step: { type: 'string', default: '50' },
    last: { type: 'string', default: '1500' },
    'at-once': { type: 'string', default: '4' },
  },
})

interface Try {
  readonly signal: 'SIGHUP' | 'SIGTERM'
  readonly workers: number
  readonly afterMs: number
}

interface End extends Try {
  /** Whether it had its own handlers when the signal was sent. */
  readonly takes: boolean
  readonly isReloaded: boolean
  readonly code: number | null
  readonly by: NodeJS.Signals | null
  /** Measured from the signal. */
  readonly tookMs: number
}

const folder = mkdtempSync(join(tmpdir(), 'hedgerow-signals-'))
const program = join(import.meta.dirname, '../../bin/hedgerow')
const moments = Array.from(
  { length: Math.floor(Number(args.last) / Number(args.step)) + 1 },
  (_, i) => i * Number(args.step),
)
const tries = [1, 2].flatMap((workers) =>
  (['SIGHUP', 'SIGTERM'] as const).flatMap((signal) => moments.map((afterMs) => ({ signal, workers, afterMs }))),
)
const ends: End[] = []
for (const workers of [1, 2]) writeFileSync(configFile(workers), `listen: { port: 0 }\nworkers: ${workers}\n`)
try {
  const queue = [...tries]
  const runner = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) ends.push(await attempt(next))
  }
  await Promise.all(Array.from({ length: Number(args['at-once']) }, runner))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
let isBroken = false
for (const workers of [1, 2]) for (const signal of ['SIGHUP', 'SIGTERM'] as const) tell(workers, signal)
process.exitCode = isBroken ? 1 : 0

function configFile(workers: number): string {
  return join(folder, `${workers}.yaml`)
}

async function attempt({ signal, workers, afterMs }: Try): Promise<End> {
  const file = configFile(workers)
  const child = spawn(program, ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  await sleep(afterMs)
  const takes = takesSignals(child.pid)
  const sentMs = performance.now()
  child.kill(signal)
  if (signal === 'SIGHUP') {
    // It has survived the signal once it runs, and acts on it a moment later.
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
    for (let i = 0; i < 3000 && !isOver() && !log.includes(takes ? 'is in force' : 'on http'); i++) await sleep(10)
    child.kill('SIGTERM')
  }
  const [code, by] = await ended
  return {
    signal,
    workers,
    afterMs,
    takes,
    code,
    by,
    isReloaded: log.includes('is in force'),
    tookMs: performance.now() - sentMs,
  }
}

/** Whether it handles SIGUSR2, for which Node has no default handler. */
function takesSignals(pid: number | undefined): boolean {
  try {
    const [, caught = '0'] = /SigCgt:\s+(\w+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return (BigInt(`0x${caught}`) & (1n << 11n)) !== 0n
  } catch {
    return false
  }
}

function tell(workers: number, signal: Try['signal']): void {
  const all = ends.filter((end) => end.workers === workers && end.signal === signal)
  const [late, early] = [all.filter(({ takes }) => takes), all.filter(({ takes }) => !takes)]
  const killed = (some: readonly End[]): number => some.filter(({ by }) => by !== null).length
  const codes = [...new Set(all.filter(({ by }) => by === null).map(({ code }) => code))].join(', ')
  const notReloaded = signal === 'SIGHUP' ? late.filter(({ isReloaded }) => !isReloaded).length : 0
  const slowest = Math.max(...all.map(({ tookMs }) => tookMs))
  const times = signal === 'SIGTERM' ? `; at most ${Math.round(slowest)} ms from the signal to the end` : ''
  console.log(
    `${signal}, ${workers === 1 ? 'one thread' : `${workers} workers`}: ${killed(late)} of ${late.length} ended by the signal` +
      ` once JavaScript ran, ${killed(early)} of ${early.length} before; exit codes ${codes}${times}` +
      (signal === 'SIGHUP' ? `; ${notReloaded} of ${late.length} without a reload` : ''),
  )
  const isWrong = all.some(({ by, code }) => by === null && code !== 0)
  if (killed(late) > 0 || notReloaded > 0 || isWrong) isBroken = true
}
