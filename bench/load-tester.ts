/**
 * The load tester beside wrk, ab and autocannon: in turn on the same server in one run, each on core 1, the server on
 * core 0. First a server that answers at once (nginx): the maximum load of each, and its cost per request. Then one
 * that takes 20 ms, at 20 connections: the times that each measures when it is not the bottleneck. CPU is that of the
 * whole program, start included (about a second for the JavaScript ones), so it means little for so few requests.
 *
 *   bin/node bench/load-tester.ts [--seconds 5] [--connections 64]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Summary } from '@hedgerow/load/summary'
import { listening, requireProgram, startPinned, stopAll } from './kit/processes.ts'

const { values: args } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, connections: { type: 'string', default: '64' } },
})
const root = join(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'hedgerow-bench-'))
const [fastPort, slowPort] = [18_121, 18_122]
const slowMs = 20

interface Figures {
  readonly perSecond: number
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Tester {
  readonly name: string
  readonly command: (url: string, connections: number) => readonly string[]
  readonly read: (output: string) => Figures
}

const testers: readonly Tester[] = [
  {
    name: 'hedgerow load',
    command: (url, connections) => [
      join(root, 'bin/hedgerow'),
      'load',
      '-c',
      String(connections),
      '-d',
      `${args.seconds}s`,
      '--json',
      '-',
      url,
    ],
    read: (output) => {
      const { answersPerSecond, counts, latency } = JSON.parse(output) as Summary
      return {
        perSecond: answersPerSecond,
        requests: counts.sent,
        p50Ms: latency?.p50Ms ?? 0,
        p99Ms: latency?.p99Ms ?? 0,
      }
    },
  },
  {
    name: 'autocannon',
    command: (url, connections) => [
      join(root, 'bin/node'),
      fileURLToPath(import.meta.resolve('autocannon')),
      '-c',
      String(connections),
      '-d',
      args.seconds,
      '--json',
      url,
    ],
    read: (output) => {
      const { requests, latency } = JSON.parse(output) as {
        readonly requests: { readonly average: number; readonly total: number }
        readonly latency: { readonly p50: number; readonly p99: number }
      }
      return { perSecond: requests.average, requests: requests.total, p50Ms: latency.p50, p99Ms: latency.p99 }
    },
  },
  {
    name: 'wrk',
    command: (url, connections) => ['wrk', '-t1', `-c${connections}`, `-d${args.seconds}s`, '--latency', url],
    read: (output) => ({
      perSecond: numberIn(output, /Requests\/sec:\s+([\d.]+)/),
      requests: numberIn(output, /(\d+) requests in/),
      p50Ms: wrkMs(output, '50%'),
      p99Ms: wrkMs(output, '99%'),
    }),
  },
  {
    name: 'ab -k',
    command: (url, connections) => [
      'ab',
      '-q',
      '-k',
      '-c',
      String(connections),
      '-t',
      args.seconds,
      '-n',
      '100000000',
      url,
    ],
    read: (output) => ({
      perSecond: numberIn(output, /Requests per second:\s+([\d.]+)/),
      requests: numberIn(output, /Complete requests:\s+(\d+)/),
      p50Ms: numberIn(output, /^\s+50%\s+(\d+)/m),
      p99Ms: numberIn(output, /^\s+99%\s+(\d+)/m),
    }),
  },
]

for (const [program, debianPackage] of [
  ['nginx', 'nginx-light'],
  ['wrk', 'wrk'],
  ['ab', 'apache2-utils'],
] as const) {
  requireProgram(program, debianPackage)
}
process.exitCode = 1
try {
  await startServers()
  for (const tester of testers) measure(tester, fastPort, 64, false)
  console.log(`a server that answers at once, ${args.connections} connections, ${args.seconds} s each`)
  for (const tester of testers) measure(tester, fastPort, Number(args.connections), true)
  console.log(`a server that takes ${slowMs} ms, 20 connections, ${args.seconds} s each`)
  for (const tester of testers) measure(tester, slowPort, 20, true)
  process.exitCode = 0
} finally {
  await stopAll()
  rmSync(work, { recursive: true })
}

function measure(tester: Tester, port: number, connections: number, isShown: boolean): void {
  const before = childrenCpuMicroseconds()
  const [program = '', ...rest] = tester.command(`http://127.0.0.1:${port}/`, connections)
  const { stdout, stderr, status } = spawnSync('taskset', ['-c', '1', program, ...rest], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  const used = childrenCpuMicroseconds() - before
  if (status !== 0) throw new Error(`${tester.name}: ${stdout}${stderr}`)
  if (!isShown) return
  const { perSecond, requests, p50Ms, p99Ms } = tester.read(stdout)
  const cost = `${(used / requests).toFixed(1).padStart(7)} us CPU/request`
  const latency = `p50 ${p50Ms.toFixed(2).padStart(6)} ms  p99 ${p99Ms.toFixed(2).padStart(6)} ms`
  console.log(
    `  ${tester.name.padEnd(14)} ${Math.round(perSecond).toString().padStart(7)} requests/s  ${cost}  ${latency}`,
  )
}

/** CPU time of all children that have ended and been waited for, in hundredths of a second on Linux. */
function childrenCpuMicroseconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 1e4
}

async function startServers(): Promise<void> {
  const config = join(work, 'nginx.conf')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${work}/${kind};`)
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${work}/nginx.pid; error_log ${work}/nginx.log;
events { worker_connections 8192; }
http { access_log off; keepalive_requests 1000000000; ${temp.join(' ')}
server { listen 127.0.0.1:${fastPort} backlog=4096; default_type application/json; location / { return 200 '{"time":250}'; } } }`,
  )
  startPinned(0, 'nginx', ['-c', config, '-e', join(work, 'nginx.log')])
  const change = JSON.stringify({ endpoints: { 'GET /': { latency: { kind: 'fixed', ms: slowMs } } } })
  startPinned(0, join(root, 'bin/hedgerow'), ['backend', 'work-fixed', '--port', String(slowPort), '--set', change])
  for (const port of [fastPort, slowPort]) await listening(port)
}

function numberIn(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1])
}

/** `1.23ms`, `456.00us`, `1.2s`. */
function wrkMs(output: string, share: string): number {
  const match = new RegExp(`^\\s+${share}\\s+([\\d.]+)(us|ms|s)`, 'm').exec(output)
  const factors: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }
  return Number(match?.[1]) * (factors[match?.[2] ?? ''] ?? Number.NaN)
}
