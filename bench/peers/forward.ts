/**
 * CPU per request of plain `forward`, as a multiple of nginx's `proxy_pass`: both in one run, in turn, each alone on
 * core 0, with the backend (nginx, a fixed JSON answer) and the load (wrk, keep-alive) on core 1.
 *
 *   bin/node bench/peers/forward.ts [--connections 64] [--seconds 6] [--rounds 5]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { childrenOf, cpuMicroseconds } from '../kit/process-cpu.ts'
import { listening, requireProgram, startPinned, stopAll } from '../kit/processes.ts'
import { median } from '../kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '5' },
  },
})
const root = join(import.meta.dirname, '../..')
const work = mkdtempSync(join(tmpdir(), 'hedgerow-bench-'))
const backendPort = 18_101
const nginxPort = 18_102
const hedgerowPort = 18_103

interface Peer {
  readonly name: string
  readonly port: number
  /** The process that does the work. */
  readonly pid: number
  readonly cpuPerRequest: number[]
  readonly requestsPerSecond: number[]
}

requireProgram('nginx', 'nginx-light')
requireProgram('wrk', 'wrk')
process.exitCode = 1
try {
  await run()
  process.exitCode = 0
} finally {
  await stopAll()
  rmSync(work, { recursive: true })
}

async function run(): Promise<void> {
  startNginx(1, 'backend', backendServer())
  const nginx = startNginx(0, 'proxy', proxyServer())
  const hedgerow = startPinned(0, join(root, 'bin/hedgerow'), ['serve', hedgerowConfig()])
  for (const port of [backendPort, nginxPort, hedgerowPort]) await listening(port)
  const peers: readonly Peer[] = [
    peer('nginx', nginxPort, childrenOf(nginx.pid as number)[0] as number),
    peer('hedgerow', hedgerowPort, hedgerow.pid as number),
  ]
  // The first run of each warms up: connections, caches, compiled code.
  for (let round = 0; round <= Number(args.rounds); round++) for (const one of peers) measure(one, round > 0)
  report(peers)
}

function measure(one: Peer, counted: boolean): void {
  const before = cpuMicroseconds(one.pid)
  const url = `http://127.0.0.1:${one.port}/api/work`
  const wrk = spawnSync('taskset', ['-c', '1', 'wrk', '-t1', `-c${args.connections}`, `-d${args.seconds}s`, url], {
    encoding: 'utf8',
  })
  const used = cpuMicroseconds(one.pid) - before
  const requests = Number(/(\d+) requests in/.exec(wrk.stdout)?.[1])
  if (/Non-2xx|Socket errors/.test(wrk.stdout) || !(requests > 0)) throw new Error(`${one.name}: ${wrk.stdout}`)
  if (!counted) return
  one.cpuPerRequest.push(used / requests)
  one.requestsPerSecond.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(wrk.stdout)?.[1]))
}

function report(peers: readonly Peer[]): void {
  const [nginx] = peers as [Peer]
  console.log(
    `forward, ${args.connections} connections, medians of ${args.rounds} rounds of ${args.seconds} s, one core each`,
  )
  for (const one of peers) {
    const ratios = one.cpuPerRequest.map((cost, round) => cost / (nginx.cpuPerRequest[round] as number))
    const cost = median(one.cpuPerRequest).toFixed(1)
    const rate = Math.round(median(one.requestsPerSecond))
    console.log(
      `${one.name.padEnd(10)} ${cost.padStart(7)} us CPU/request  ${median(ratios).toFixed(2)} x nginx  ${rate} requests/s`,
    )
  }
}

function peer(name: string, port: number, pid: number): Peer {
  return { name, port, pid, cpuPerRequest: [], requestsPerSecond: [] }
}

function startNginx(core: number, name: string, server: string) {
  const file = join(work, `${name}.conf`)
  writeFileSync(file, nginxConfig(name, server))
  return startPinned(core, 'nginx', ['-c', file, '-e', join(work, `${name}.log`)])
}

function nginxConfig(name: string, server: string): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${work}/${name}-${kind};`,
  )
  return `daemon off; master_process on; worker_processes 1; pid ${work}/${name}.pid; error_log ${work}/${name}.log;
events { worker_connections 8192; }
http { access_log off; keepalive_requests 1000000000; ${temp.join(' ')} ${server} }`
}

function backendServer(): string {
  return `server { listen 127.0.0.1:${backendPort} backlog=4096; default_type application/json; location / { return 200 '{"time":250}'; } }`
}

function proxyServer(): string {
  return `upstream work { server 127.0.0.1:${backendPort}; keepalive 1024; keepalive_requests 1000000000; }
server { listen 127.0.0.1:${nginxPort} backlog=4096;
  location / { proxy_pass http://work; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Request-Id $request_id; } }`
}

function hedgerowConfig(): string {
  const file = join(work, 'hedgerow.yaml')
  const lines = [
    `listen: { port: ${hedgerowPort} }`,
    `upstreams: { work: { targets: ['http://127.0.0.1:${backendPort}'] } }`,
    'routes:',
    '  - match: GET /api/work',
    '    forward: { upstream: work }',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
