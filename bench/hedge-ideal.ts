/**
 * Compares `hedge` with the theoretical optimum. The backend takes uniformly 100 to 600 ms and fails one time in ten;
 * `/api/smart?timeout=1000` gets 200 calls a second (open loop). The ideal is the same race, simulated a million times
 * without gateway, network or clock.
 *
 *   bin/node bench/hedge-ideal.ts [--seconds 30] [--rate 200]
 *
 * Exit code 1 if an answer is more than 25 ms past its timeout, fewer than 99.8 % are 200, or p50 differs from the
 * ideal by more than 5 % or p99 by more than 8 %.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { workWithErrors } from '@hedgerow/backend/profiles'
import { type Random, seededRandom } from '../src/kit/random.ts'
import { openLoop, type Sample } from './kit/open-loop.ts'
import { listening, startPinned, stopAll } from './kit/processes.ts'
import { quantile } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: { seconds: { type: 'string', default: '30' }, rate: { type: 'string', default: '200' } },
})
const timeoutMs = 1000
const errorShare = 0.1
const hedgeAfterMs = 300
const extras = 2
const gatewayPort = 18_111
const backendPort = 18_112
const root = join(import.meta.dirname, '..')

try {
  process.exitCode = report(await measure(), ideal(1_000_000, seededRandom(1))) ? 0 : 1
} finally {
  await stopAll()
}

async function measure(): Promise<readonly Sample[]> {
  process.env['PORT'] = String(gatewayPort)
  process.env['WORK_PORT'] = String(backendPort)
  const hedgerow = join(root, 'bin/hedgerow')
  const change = JSON.stringify(workWithErrors(errorShare))
  startPinned(1, hedgerow, ['backend', 'work', '--port', String(backendPort), '--seed', '7', '--set', change])
  startPinned(0, hedgerow, ['serve', join(root, 'examples/hedged.yaml')])
  for (const port of [backendPort, gatewayPort]) await listening(port)
  const url = `http://127.0.0.1:${gatewayPort}/api/smart?timeout=${timeoutMs}`
  // Open connections and compile code before the measurement.
  await openLoop({ url, perSecond: 100, seconds: 2 })
  return openLoop({ url, perSecond: Number(args.rate), seconds: Number(args.seconds), onProgress: showProgress })
}

/** Duration of each call if only the backend took time; Infinity if all three attempts fail. */
function ideal(count: number, random: Random): readonly number[] {
  const latency = (): number => 100 + 500 * random()
  const good = (): boolean => random() >= errorShare
  return Array.from({ length: count }, () => {
    const firstMs = latency()
    const firstGood = good()
    const hedgedAtMs = firstGood ? hedgeAfterMs : Math.min(hedgeAfterMs, firstMs)
    let bestMs = firstGood ? firstMs : Number.POSITIVE_INFINITY
    if (firstMs < hedgeAfterMs && firstGood) return firstMs
    for (let extra = 0; extra < extras; extra++) {
      const endMs = hedgedAtMs + latency()
      if (good()) bestMs = Math.min(bestMs, endMs)
    }
    return bestMs
  })
}

function report(samples: readonly Sample[], idealMs: readonly number[]): boolean {
  const good = samples.filter(({ status }) => status === 200).map(({ latencyMs }) => latencyMs)
  const idealGood = idealMs.filter((ms) => ms <= timeoutMs)
  const successShare = good.length / samples.length
  const latestMs = Math.max(...samples.map(({ latencyMs }) => latencyMs))
  const pastMs = Math.max(0, latestMs - timeoutMs)
  const statuses = Object.entries(Object.groupBy(samples, ({ status }) => String(status)))
  console.log(`${samples.length} calls: ${statuses.map(([status, list]) => `${status}: ${list?.length}`).join(', ')}`)

  const checks = [
    row('answered 200', successShare * 100, (idealGood.length / idealMs.length) * 100, '%', successShare >= 0.998),
    quantileRow('p50', 0.5, good, idealGood, 0.05),
    quantileRow('p90', 0.9, good, idealGood, Number.POSITIVE_INFINITY),
    quantileRow('p99', 0.99, good, idealGood, 0.08),
    row('latest answer past its timeout', pastMs, 0, 'ms', pastMs <= 25),
  ]
  return checks.every(Boolean)
}

function quantileRow(
  name: string,
  share: number,
  measured: readonly number[],
  idealMs: readonly number[],
  tolerance: number,
): boolean {
  const [a, b] = [quantile(measured, share), quantile(idealMs, share)]
  return row(name, a, b, 'ms', Math.abs(a / b - 1) <= tolerance)
}

function row(name: string, measured: number, idealValue: number, unit: string, holds: boolean): boolean {
  const off = idealValue === 0 ? '' : `${((measured / idealValue - 1) * 100).toFixed(2)} %`.padStart(9)
  const figures = `${measured.toFixed(2).padStart(8)} ${unit}  ideal ${idealValue.toFixed(2).padStart(8)} ${unit} ${off}`
  console.log(`${name.padEnd(32)} ${figures}  ${holds ? 'holds' : 'FAILS'}`)
  return holds
}

function showProgress(sent: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${sent} of ${total} sent`)
}
