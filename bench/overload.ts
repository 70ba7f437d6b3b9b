/**
 * Five times the capacity of the backend: measures latency and goodput of admitted calls, the speed of refusals, and
 * the time to recover. Once for each way to limit calls.
 *
 *   bin/node bench/overload.ts [--seconds 10] [--times 5] [--only fixed,adaptive,rate,tolerant]
 *
 * Exit code 1 if p99 of admitted calls is more than 2 times the p99 without load; if goodput is under 90 % of the
 * backend's capacity; if p99 of the refusals is 5 ms or more, or one has a status other than 429 and 503; or if
 * recovery takes more than 5 s.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openLoop, type Sample } from './kit/open-loop.ts'
import { freePort, listening, start, stop } from './kit/processes.ts'
import { quantile } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    times: { type: 'string', default: '5' },
    only: { type: 'string', default: 'fixed,adaptive,rate' },
  },
})
const seconds = Number(args.seconds)
const times = Number(args.times)
const places = 40
const serviceMs = 100
const perSecond = (places * 1000) / serviceMs
/** Anything above is caused by another program. */
const busyMs = 5
const calmPerSecond = perSecond * 0.4
const limits: Readonly<Record<string, string>> = {
  fixed: `concurrency: { limit: ${places}, queue: 4 }`,
  adaptive: 'concurrency: { limit: adaptive, tolerance: 1.2, queue: 4 }',
  // The default tolerance lets calls take half as long again, plus some waiting: too close to 2 to be judged.
  tolerant: 'concurrency: { limit: adaptive, queue: 4 }',
  rate: `rateLimit: { limit: ${perSecond * 0.95}, burst: 4, by: route }`,
}
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-overload-'))
let missed = 0
try {
  console.log(`the backend bears ${perSecond} a second; offered: ${perSecond * times}, for ${seconds} s`)
  for (const name of args.only.split(',')) await run(name)
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = missed === 0 ? 0 : 1

async function run(name: string): Promise<void> {
  const [backendPort, port] = [await freePort(), await freePort()]
  const file = join(folder, `${name}.yaml`)
  const route = `{ match: /*, ${limits[name]}, forward: { upstream: work } }`
  const upstream = `{ targets: ['http://127.0.0.1:${backendPort}'] }`
  writeFileSync(file, `listen: { port: ${port} }\nupstreams: { work: ${upstream} }\nroutes: [${route}]\n`)
  const backendArgs = ['--port', `${backendPort}`, '--places', `${places}`, '--service', `${serviceMs}`]
  const backend = start('bin/node', ['bench/kit/limited-backend.ts', ...backendArgs])
  const gateway = start('bin/hedgerow', ['serve', file])
  try {
    await Promise.all([listening(backendPort), listening(port)])
    const url = `http://127.0.0.1:${port}/`
    await openLoop({ url, perSecond: calmPerSecond, seconds: 2 })
    const calm = await openLoop({ url, perSecond: calmPerSecond, seconds: 5 })
    const overload = await openLoop({ url, perSecond: perSecond * times, seconds })
    const after = await openLoop({ url, perSecond: calmPerSecond, seconds: 5 })
    console.log(`\n${name}: ${limits[name]}`)
    report(calm, overload, after)
  } finally {
    await Promise.all([stop(gateway), stop(backend)])
  }
}

function report(calm: readonly Sample[], overload: readonly Sample[], after: readonly Sample[]): void {
  const good = latencies(overload.filter(({ status }) => status === 200))
  const refused = overload.filter(({ status }) => status !== 200)
  const statuses = [...new Set(refused.map(({ status }) => status))]
  const calmP99 = quantile(latencies(calm), 0.99)
  const [p50, p99] = [quantile(good, 0.5), quantile(good, 0.99)]
  const goodput = good.length / seconds
  const backAfterMs = recoveryMs(after, 2 * calmP99)
  const refusals = refused.map(({ latencyMs, lateMs }) => latencyMs - lateMs)
  const refusalP99 = quantile(refusals, 0.99)
  const lateP99 = quantile(
    overload.map(({ lateMs }) => lateMs),
    0.99,
  )
  if (lateP99 > busyMs)
    console.log(`  BUSY: the calls themselves went out up to ${ms(lateP99)} late (p99): repeat this on a quiet machine`)
  told('without load', `p50 ${ms(quantile(latencies(calm), 0.5))}, p99 ${ms(calmP99)}`)
  told('let in', `p50 ${ms(p50)}, p99 ${ms(p99)}: ${(p99 / calmP99).toFixed(2)} times`, p99 <= 2 * calmP99)
  told('goodput', `${goodput.toFixed(0)}/s: ${((100 * goodput) / perSecond).toFixed(0)} %`, goodput >= 0.9 * perSecond)
  const most = `p50 ${ms(quantile(refusals, 0.5))}, p99 ${ms(refusalP99)}, max ${ms(quantile(refusals, 1))}`
  const isTold = statuses.every((status) => status === 429 || status === 503)
  told('refused', `${refused.length} with ${statuses.join(', ')}: ${most}`, refusalP99 < 5 && isTold)
  told('as before', `${backAfterMs} ms after the end`, backAfterMs <= 5000)
}

function told(what: string, text: string, isMet = true): void {
  if (!isMet) missed++
  console.log(`  ${what.padEnd(13)} ${text}${isMet ? '' : '  MISSED'}`)
}

/** Time from the end of the load to the last quarter of a second with a bad call. */
function recoveryMs(after: readonly Sample[], limitMs: number): number {
  const each = calmPerSecond / 4
  let backAfterMs = 0
  for (let at = 0; at + each <= after.length; at += each) {
    const slice = after.slice(at, at + each)
    const isWell = slice.every(({ status, latencyMs }) => status === 200 && latencyMs <= limitMs)
    if (!isWell) backAfterMs = ((at + each) / calmPerSecond) * 1000
  }
  return backAfterMs
}

function latencies(samples: readonly Sample[]): readonly number[] {
  return samples.map(({ latencyMs }) => latencyMs)
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}
