/**
 * What it costs to watch plain `forward`: CPU per request with all telemetry off, with metrics, recorder and access log
 * on, and with one call in a hundred traced besides (to a collector that is not there), in one run; then, at 2,000 calls
 * a second, with the dashboard open in a browser against without. Exit code 1 unless the bounds hold: 20 %, 3 %, 5 %.
 *
 *   bin/node bench/telemetry.ts [--seconds 5] [--rounds 5] [--connections 64] [--dashboard-seconds 20]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { forwardCpu } from './kit/forward-cpu.ts'
import { openLoop } from './kit/open-loop.ts'
import { cpuMicroseconds } from './kit/process-cpu.ts'
import { listening, startPinned, stopAll } from './kit/processes.ts'
import { median } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    'dashboard-seconds': { type: 'string', default: '20' },
  },
})
const root = join(import.meta.dirname, '..')
const chromiumPath = '/usr/bin/chromium'
const bounds = { watched: 1.2, traced: 1.03, dashboard: 1.05 }
const callsPerSecond = 2000

const log = 'log: { access: true }'
const traces = 'traces: { exporter: zipkin, url: "http://127.0.0.1:9/api/v2/spans", sample: 1% }'

const watched = await variants()
const opened = await dashboard()
process.exitCode = watched && opened ? 0 : 1

async function variants(): Promise<boolean> {
  const load = { connections: Number(args.connections), seconds: Number(args.seconds), rounds: Number(args.rounds) }
  const logFile = ['--log-file', 'FOLDER/access.log']
  const measured = await forwardCpu(
    [
      { name: 'all off', sections: [] },
      { name: 'metrics, recorder, log', sections: ['admin: { port: 0 }', `telemetry: { ${log} }`], args: logFile },
      {
        name: 'and 1 % traced',
        sections: ['admin: { port: 0 }', `telemetry: { ${log}, ${traces} }`],
        args: ['--log-file', 'FOLDER/traced.log'],
      },
    ],
    load,
  )
  console.log(`forward, ${load.connections} connections, medians of ${load.rounds} rounds of ${load.seconds} s`)
  for (const { name, cpuUs, ratio, requestsPerSecond } of measured) {
    const rate = Math.round(requestsPerSecond)
    console.log(`${name.padEnd(24)} ${cpuUs.toFixed(1)} us CPU/request  ${ratio.toFixed(3)}  ${rate} requests/s`)
  }
  const [, on, traced] = measured.map(({ ratio }) => ratio) as [number, number, number]
  console.log(
    `on against off: ${on.toFixed(3)} (allowed ${bounds.watched}); traced against that: ${(traced / on).toFixed(3)} (allowed ${bounds.traced})`,
  )
  return on <= bounds.watched && traced / on <= bounds.traced
}

/** Rounds without and with a browser that has the overview open, in turn, at a rate that leaves the core idle in between. */
async function dashboard(): Promise<boolean> {
  if (!existsSync(chromiumPath)) {
    console.error('NOT MEASURED: the dashboard needs chromium (Debian: chromium)')
    return false
  }
  spawnSync('taskset', ['-cp', '1', String(process.pid)])
  const backend = createServer((_request, response) => response.end('{"time":250}'))
  await new Promise<void>((resolve) => backend.listen(18_251, '127.0.0.1', resolve))
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-bench-'))
  const file = join(folder, 'hedgerow.yaml')
  writeFileSync(
    file,
    `listen: { port: 18252 }
admin: { port: 18253 }
telemetry: { ${log} }
upstreams: { work: { targets: ['http://127.0.0.1:18251'] } }
routes: [{ match: GET /api/work, forward: { upstream: work } }]
`,
  )
  const gateway = startPinned(0, join(root, 'bin/hedgerow'), ['serve', file, '--log-file', join(folder, 'log')])
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  try {
    for (const port of [18_252, 18_253]) await listening(port)
    const costs: { readonly closed: number[]; readonly open: number[] } = { closed: [], open: [] }
    for (let round = 0; round <= 3; round++) {
      for (const how of ['closed', 'open'] as const) {
        const page = how === 'open' ? await browser.newPage() : undefined
        await page?.goto('http://127.0.0.1:18253/')
        const before = cpuMicroseconds(gateway.pid as number)
        const seconds = Number(args['dashboard-seconds']) / 2
        const samples = await openLoop({ url: 'http://127.0.0.1:18252/api/work', perSecond: callsPerSecond, seconds })
        const used = (cpuMicroseconds(gateway.pid as number) - before) / samples.length
        const failed = samples.filter(({ status }) => status !== 200)
        if (failed.length > 0) throw new Error(`${failed.length} calls failed, the first with ${failed[0]?.status}`)
        if (round > 0) costs[how].push(used)
        await page?.close()
      }
    }
    const ratio = median(costs.open.map((cost, round) => cost / (costs.closed[round] as number)))
    console.log(
      `${callsPerSecond} calls/s: ${median(costs.closed).toFixed(1)} us CPU/request, with the dashboard open ` +
        `${median(costs.open).toFixed(1)}: ${ratio.toFixed(3)} (allowed ${bounds.dashboard})`,
    )
    return ratio <= bounds.dashboard
  } finally {
    await browser.close()
    await stopAll()
    backend.close()
    backend.closeAllConnections()
    rmSync(folder, { recursive: true })
  }
}
