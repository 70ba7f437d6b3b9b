/**
 * What a durable broadcast costs: `POST /register` with a form body, three backends (nginx) that answer 201 at once, 64
 * connections, load and backends on the same cores; SQLite beside the memory store, so that durability's part is seen.
 *
 *   bin/node bench/broadcast.ts [--connections 64] [--seconds 8] [--rounds 3]
 *
 * Exit code 1 if SQLite does fewer than 2,500 broadcasts/s or takes more than 300 us of CPU each (whole process).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuMicroseconds } from './kit/process-cpu.ts'
import { listening, requireProgram, start, stopAll } from './kit/processes.ts'
import { median } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
  },
})
const root = join(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'hedgerow-broadcast-'))
const targetPorts = [18_121, 18_122, 18_123]

const postScript = `
wrk.method = "POST"
wrk.body = "username=bob&password=secret"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
`

interface Contender {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly perSecond: number[]
  readonly cpuEach: number[]
}

requireProgram('nginx', 'nginx-light')
requireProgram('wrk', 'wrk')
process.exitCode = 1
try {
  await run()
} finally {
  await stopAll()
  rmSync(work, { recursive: true })
}

async function run(): Promise<void> {
  startTargets()
  const targets = targetPorts.map((port) => `http://127.0.0.1:${port}`)
  const program = join(root, 'bench/kit/broadcast-gateway.ts')
  const contender = (name: string, port: number, store: string): Contender => {
    const child = start(join(root, 'bin/node'), [program, String(port), store, ...targets])
    return { name, port, pid: child.pid as number, perSecond: [], cpuEach: [] }
  }
  const contenders = [contender('sqlite', 18_124, join(work, 'bench.db')), contender('memory', 18_125, 'memory')]
  for (const port of [...targetPorts, 18_124, 18_125]) await listening(port)
  const script = join(work, 'post.lua')
  writeFileSync(script, postScript)
  for (let round = 0; round <= Number(args.rounds); round++) {
    for (const one of contenders) measure(one, script, round > 0)
  }
  report(contenders)
}

function measure(one: Contender, script: string, counted: boolean): void {
  const before = cpuMicroseconds(one.pid)
  const url = `http://127.0.0.1:${one.port}/register`
  const wrk = spawnSync('wrk', ['-t1', `-c${args.connections}`, `-d${args.seconds}s`, '-s', script, url], {
    encoding: 'utf8',
  })
  const used = cpuMicroseconds(one.pid) - before
  const requests = Number(/(\d+) requests in/.exec(wrk.stdout)?.[1])
  if (/Non-2xx|Socket errors/.test(wrk.stdout) || !(requests > 0)) throw new Error(`${one.name}: ${wrk.stdout}`)
  if (!counted) return
  one.cpuEach.push(used / requests)
  one.perSecond.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(wrk.stdout)?.[1]))
}

function report(contenders: readonly Contender[]): void {
  console.log(
    `broadcast to 3 targets, ${args.connections} connections, medians of ${args.rounds} rounds of ${args.seconds} s`,
  )
  for (const { name, perSecond, cpuEach } of contenders) {
    console.log(
      `${name.padEnd(8)} ${String(Math.round(median(perSecond))).padStart(6)} broadcasts/s  ${median(cpuEach).toFixed(0).padStart(4)} us CPU each`,
    )
  }
  const sqlite = contenders[0]
  const holds = sqlite !== undefined && median(sqlite.perSecond) >= 2500 && median(sqlite.cpuEach) <= 300
  console.log(
    holds
      ? 'holds: at least 2500/s and at most 300 us with SQLite'
      : 'FAILS: fewer than 2500/s or more than 300 us with SQLite',
  )
  process.exitCode = holds ? 0 : 1
}

function startTargets(): void {
  const file = join(work, 'targets.conf')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${work}/${kind};`)
  const servers = targetPorts.map(
    (port) => `server { listen 127.0.0.1:${port} backlog=4096; location / { return 201 'ok'; } }`,
  )
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${work}/nginx.pid; error_log ${work}/nginx.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; ${temp.join(' ')} ${servers.join(' ')} }`,
  )
  start('nginx', ['-c', file, '-e', join(work, 'nginx.log')])
}
