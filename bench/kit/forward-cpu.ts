import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuMicroseconds } from './process-cpu.ts'
import { listening, requireProgram, startPinned, stopAll } from './processes.ts'
import { median } from './statistics.ts'

/**
 * CPU per request of plain `forward` under several configurations, side by side: in turn, each alone on core 0, with
 * the backend (nginx, a fixed JSON answer) and the load (wrk, keep-alive) on core 1.
 */
export interface Variant {
  readonly name: string
  /** Top-level sections of the configuration besides `upstreams` and `routes`; `PORT` stands for the front's port. */
  readonly sections: readonly string[]
  /** Further arguments of `hedgerow serve`; `FOLDER` stands for one that goes with the benchmark. */
  readonly args?: readonly string[]
}

export interface ForwardLoad {
  readonly connections: number
  readonly seconds: number
  readonly rounds: number
}

export interface Measured {
  readonly name: string
  /** Medians over the rounds. */
  readonly cpuUs: number
  /** Against the first variant, in the same round. */
  readonly ratio: number
  readonly requestsPerSecond: number
}

interface Run {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly cpuUs: number[]
  readonly rates: number[]
}

const root = join(import.meta.dirname, '../..')
const backendPort = 18_161

export async function forwardCpu(variants: readonly Variant[], load: ForwardLoad): Promise<readonly Measured[]> {
  requireProgram('nginx', 'nginx-light')
  requireProgram('wrk', 'wrk')
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-bench-'))
  try {
    startBackend(folder)
    const runs = variants.map((variant, place) => startVariant(folder, variant, backendPort + 1 + place))
    for (const port of [backendPort, ...runs.map((run) => run.port)]) await listening(port)
    // The first round of each warms up: connections, caches, compiled code.
    for (let round = 0; round <= load.rounds; round++) for (const run of runs) measure(run, load, round > 0)
    const first = runs[0] as Run
    return runs.map(({ name, cpuUs, rates }) => ({
      name,
      cpuUs: median(cpuUs),
      ratio: median(cpuUs.map((cost, round) => cost / (first.cpuUs[round] as number))),
      requestsPerSecond: median(rates),
    }))
  } finally {
    await stopAll()
    rmSync(folder, { recursive: true })
  }
}

function measure(run: Run, { connections, seconds }: ForwardLoad, counted: boolean): void {
  const before = cpuMicroseconds(run.pid)
  const url = `http://127.0.0.1:${run.port}/api/work`
  const args = ['-c', '1', 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url]
  const { stdout } = spawnSync('taskset', args, { encoding: 'utf8' })
  const used = cpuMicroseconds(run.pid) - before
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  if (/Non-2xx|Socket errors/.test(stdout) || !(requests > 0)) throw new Error(`${run.name}: ${stdout}`)
  if (!counted) return
  run.cpuUs.push(used / requests)
  run.rates.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]))
}

function startVariant(folder: string, { name, sections, args = [] }: Variant, port: number): Run {
  const file = join(folder, `${port}.yaml`)
  const lines = [
    `listen: { port: ${port} }`,
    `upstreams: { work: { targets: ['http://127.0.0.1:${backendPort}'] } }`,
    'routes: [{ match: GET /api/work, forward: { upstream: work } }]',
    ...sections,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = startPinned(0, join(root, 'bin/hedgerow'), [
    'serve',
    file,
    ...args.map((arg) => arg.replace('FOLDER', folder)),
  ])
  return { name, port, pid: child.pid as number, cpuUs: [], rates: [] }
}

function startBackend(folder: string): void {
  const file = join(folder, 'backend.conf')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 8192; }
http { access_log off; keepalive_requests 1000000000; ${temp.join(' ')}
  server { listen 127.0.0.1:${backendPort} backlog=4096; default_type application/json;
    location / { return 200 '{"time":250}'; } } }`,
  )
  startPinned(1, 'nginx', ['-c', file, '-e', join(folder, 'nginx.log')])
}
