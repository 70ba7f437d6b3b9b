import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'

/**
 * The cost of a start: CPU time of `hedgerow --version`, and memory of a gateway with one route after 10 s idle. Linux
 * only. Run `npm run build` first, then `bin/node tools/measure-start.ts`; exit code 1 if a bound is exceeded.
 *
 * CPU time is the minimum of ten runs, as other processes only add to it. A busy machine still inflates it: compare
 * with the bare Node in the last column.
 */
const root = join(import.meta.dirname, '..')
const main = join(root, 'dist/cli/main.js')
const runs = 10
const idleMs = 10_000

interface Figure {
  readonly what: string
  readonly value: number
  readonly bound: number
  readonly unit: string
  readonly bareNode: number
}

/** CPU time of the process and its children, in seconds. */
function cpuSeconds(command: string, args: readonly string[]): number {
  const seconds = Array.from({ length: runs }, () => {
    const shell = '"$0" "$@" > /dev/null; times'
    const { stdout, status } = spawnSync('sh', ['-c', shell, command, ...args], { encoding: 'utf8' })
    const parts = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)]
    if (status !== 0 || parts.length !== 4) throw new Error(`${command} ${args.join(' ')} failed: ${stdout}`)
    // The second line is that of the children.
    return parts.slice(2).reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0)
  })
  return Math.min(...seconds)
}

async function idleMiB(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  try {
    await after(idleMs)
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(status) ?? []
    if (child.exitCode !== null || kib === undefined) throw new Error(`${args.join(' ')} has ended`)
    return Number(kib) / 1024
  } finally {
    child.kill('SIGKILL')
  }
}

async function serveMiB(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-start-'))
  const file = join(folder, 'hedgerow.json')
  const config = {
    listen: { port: 0 },
    admin: { port: 0 },
    upstreams: { work: { targets: ['http://127.0.0.1:9'] } },
    routes: [{ match: '/*', forward: { upstream: 'work' } }],
  }
  writeFileSync(file, JSON.stringify(config))
  try {
    return await idleMiB([main, 'serve', file])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const bareSeconds = cpuSeconds(process.execPath, ['--eval', '0'])
const bareServer = "require('node:http').createServer().listen(0, '127.0.0.1')"
const figures: readonly Figure[] = [
  {
    what: 'CPU time of --version, compiled',
    value: cpuSeconds(process.execPath, [main, '--version']),
    bound: 0.12,
    unit: 's',
    bareNode: bareSeconds,
  },
  {
    what: 'CPU time of --version, sources',
    value: cpuSeconds(join(root, 'bin/hedgerow'), ['--version']),
    bound: 0.25,
    unit: 's',
    bareNode: bareSeconds,
  },
  {
    what: 'resident memory of serve, idle',
    value: await serveMiB(),
    bound: 90,
    unit: 'MiB',
    bareNode: await idleMiB(['--eval', bareServer]),
  },
]

for (const { what, value, bound, unit, bareNode } of figures) {
  const verdict = value <= bound ? 'ok' : 'TOO MUCH'
  const [is, most, bare] = [value, bound, bareNode].map((figure) => figure.toPrecision(3))
  console.log(`${what.padEnd(34)} ${is} ${unit}, bound ${most} ${unit} (bare Node ${bare} ${unit})  ${verdict}`)
}
process.exitCode = figures.every(({ value, bound }) => value <= bound) ? 0 : 1
