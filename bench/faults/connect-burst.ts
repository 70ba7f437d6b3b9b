/**
 * 1,500 clients arrive at once while busy loops occupy all cores: the gateway has to open as many connections to its
 * targets while its event loop turns only every few seconds. The targets themselves are healthy.
 *
 *   bin/node bench/faults/connect-burst.ts [--runs 3] [--calls 30000] [--only first,forward]
 *
 * Exit code 1 if a call gets no good answer, or a target is ejected.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runAb } from '../kit/ab.ts'
import { whole } from '../kit/format.ts'
import { freePort, listening, requireProgram, start, startPinned, stop, stopAll } from '../kit/processes.ts'

const { values: args } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    calls: { type: 'string', default: '30000' },
    only: { type: 'string', default: 'first,forward' },
  },
})
const calls = Number(args.calls)
const concurrency = 1500
const root = join(import.meta.dirname, '../..')
const cores = availableParallelism()
const paths: Readonly<Record<string, string>> = { first: '/api/first?timeout=60000', forward: '/forward' }

requireProgram('ab', 'apache2-utils')
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-connect-burst-'))
let breaches = 0
try {
  for (let run = 1; run <= Number(args.runs); run++) {
    for (const name of args.only.split(',')) await play(name, run)
  }
} finally {
  await stopAll()
  rmSync(folder, { recursive: true })
}
process.exitCode = breaches === 0 ? 0 : 1

/** Each run starts with a gateway without connections. */
async function play(name: string, run: number): Promise<void> {
  const [port, ...targetPorts] = [await freePort(), await freePort(), await freePort()] as const
  const logFile = join(folder, `${name}-${run}.log`)
  const hedgerow = join(root, 'bin/hedgerow')
  const targets = targetPorts.map((targetPort) =>
    start(hedgerow, ['backend', 'work-fixed', '--port', String(targetPort)], { logFile: `${logFile}.targets` }),
  )
  const gateway = start(hedgerow, ['serve', configFile(port, targetPorts)], { logFile })
  for (const each of [port, ...targetPorts]) await listening(each, undefined, 60)
  const busy = Array.from({ length: cores }, (_, core) => startPinned(core, 'sh', ['-c', 'while :; do :; done']))
  try {
    const url = `http://127.0.0.1:${port}${paths[name] ?? `/${name}`}`
    const load = { url, calls, concurrency, cores: `0-${cores - 1}`, patienceSeconds: 120 }
    const { completed, failed, requestsPerSecond, p50Ms, p99Ms } = await runAb(load)
    const ejected = readFileSync(logFile, 'utf8').split(' is ejected for ').length - 1
    const isFine = failed + ejected === 0
    if (!isFine) breaches++
    console.log(
      `${isFine ? 'ok    ' : 'BROKEN'} ${name} run ${run}: ${whole(completed)} of ${whole(calls)} good, ejected ${ejected}; ` +
        `${whole(requestsPerSecond)}/s, p50 ${whole(p50Ms)} ms, p99 ${whole(p99Ms)} ms`,
    )
  } finally {
    await Promise.all([...busy, gateway, ...targets].map(stop))
  }
}

function configFile(port: number, targetPorts: readonly number[]): string {
  const file = join(folder, 'connect-burst.yaml')
  const [one, two] = targetPorts.map((targetPort) => `'http://127.0.0.1:${targetPort}'`)
  writeFileSync(
    file,
    // Only connections to targets are tested: clients may take their time.
    `listen: { port: ${port}, headerTimeout: 2m }
upstreams: { one: { targets: [${one}] }, two: { targets: [${one}, ${two}] } }
routes:
  - match: GET /api/first
    deadline: { from: { query: timeout } }
    first: { upstream: one, path: /api/work, calls: 2, settle: response, success: { status: [200], json: true } }
  - { match: GET /forward, deadline: 60s, forward: { upstream: two, path: /api/work } }
`,
  )
  return file
}
