/**
 * The share of calls that a quantile hedge delay hedges: `p95` promises 5 %. Two targets answer with lognormal times,
 * with a median of 20 ms; 300 calls a second arrive (open loop), and then the median doubles.
 *
 *   bin/node bench/faults/hedge-share.ts [--after p95] [--sigma 1] [--seconds 60] [--seeds 1,2,3]
 *
 * For each seed it prints the share over the first `--seconds`, cold start included, and over half that time starting
 * 20 s after the change. Hedges that the budget denied count too: their calls were late. Exit code 1 if a share
 * is outside its band: 4.0 to 6.5 % for p95, 8.5 to 12 % for p90.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openLoop } from '../kit/open-loop.ts'
import { freePort, listening, start, stop, stopAll } from '../kit/processes.ts'

const { values: args } = parseArgs({
  options: {
    after: { type: 'string', default: 'p95' },
    sigma: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    seeds: { type: 'string', default: '1,2,3' },
  },
})
const callsPerSecond = 300
const medianMs = 20
const settlingSeconds = 20
const bands: Readonly<Record<string, readonly [least: number, most: number]>> = { p95: [4, 6.5], p90: [8.5, 12] }
const band = bands[args.after]
if (band === undefined) throw new Error(`--after: ${Object.keys(bands).join(' or ')}`)
const [least, most] = band
const seconds = Number(args.seconds)
const hedgerow = join(import.meta.dirname, '../../bin/hedgerow')
const folder = mkdtempSync(join(tmpdir(), 'hedge-share-'))
const logFile = join(folder, 'log')

console.log(`after ${args.after}, lognormal, median ${medianMs} ms, sigma ${args.sigma}, ${callsPerSecond} calls/s`)
console.log(`within the band: ${least} to ${most} % of the calls hedged`)
try {
  let holds = true
  for (const seed of args.seeds.split(',').map(Number)) holds = (await measure(seed)) && holds
  process.exitCode = holds ? 0 : 1
} finally {
  await stopAll()
  rmSync(folder, { recursive: true })
}

async function measure(seed: number): Promise<boolean> {
  const [gatewayPort, adminPort, ...backendPorts] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const backends = backendPorts.map((port, place) => {
    const options = ['--port', `${port}`, '--seed', `${2 * seed + place}`, '--set', lawText(medianMs)]
    return start(hedgerow, ['backend', 'work-fixed', ...options], { logFile })
  })
  const file = join(folder, 'hedgerow.json')
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port: gatewayPort },
      admin: { port: adminPort },
      upstreams: { work: { targets: backendPorts.map((port) => `http://127.0.0.1:${port}`) } },
      routes: [{ match: 'GET /api/work', hedge: { upstream: 'work', after: args.after } }],
    }),
  )
  const gateway = start(hedgerow, ['serve', file], { logFile })
  for (const port of [gatewayPort, adminPort, ...backendPorts]) await listening(port)

  const load = openLoop({
    url: `http://127.0.0.1:${gatewayPort}/api/work`,
    perSecond: callsPerSecond,
    seconds: seconds + settlingSeconds + seconds / 2,
  })
  const before = await shareOver(seconds, adminPort)
  await Promise.all(backendPorts.map(double))
  await sleep(settlingSeconds * 1000)
  const then = await shareOver(seconds / 2, adminPort)
  const bad = (await load).filter(({ status }) => status !== 200).length
  for (const child of [gateway, ...backends]) await stop(child)

  const failures = bad === 0 ? '' : `; ${bad} calls failed`
  console.log(`seed ${seed}: ${told(before)}; median doubled, from ${settlingSeconds} s on: ${told(then)}${failures}`)
  return isWithin(before.share) && isWithin(then.share)
}

interface Share {
  readonly share: number
  readonly calls: number
  readonly denied: number
}

/** Measures the calls that end in the next seconds. */
async function shareOver(windowSeconds: number, adminPort: number): Promise<Share> {
  const before = await counts(adminPort)
  await sleep(windowSeconds * 1000)
  const after = await counts(adminPort)
  const calls = after.calls - before.calls
  const denied = after.denied - before.denied
  return { calls, denied, share: (100 * (after.sent - before.sent + denied)) / calls }
}

async function counts(adminPort: number): Promise<{ calls: number; sent: number; denied: number }> {
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  const sum = (name: string, labels = ''): number => {
    const lines = metrics.matchAll(new RegExp(`^${name}\\{route="GET /api/work"[^}]*${labels}[^}]*\\} (\\d+)`, 'gm'))
    return Array.from(lines, ([, value]) => Number(value)).reduce((total, value) => total + value, 0)
  }
  return {
    calls: sum('hedgerow_calls_total'),
    sent: sum('hedgerow_hedges_sent_total', 'because="late"'),
    denied: sum('hedgerow_hedges_denied_total'),
  }
}

async function double(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/_backend`, { method: 'PATCH', body: lawText(2 * medianMs) })
  if (!response.ok) throw new Error(`the backend refused its new law: ${await response.text()}`)
}

function lawText(ms: number): string {
  const latency = { kind: 'lognormal', medianMs: ms, sigma: Number(args.sigma) }
  return JSON.stringify({ endpoints: { 'GET /api/work': { latency } } })
}

function isWithin(share: number): boolean {
  return share >= least && share <= most
}

function told({ share, calls, denied }: Share): string {
  const deniedText = denied === 0 ? '' : `, ${denied} of them denied by the budget`
  return `${share.toFixed(2)} % of ${calls} calls${deniedText}${isWithin(share) ? '' : ' OUTSIDE'}`
}
