/**
 * The cost of overload protection and health tracking for plain `forward` while all is well: CPU per request with the
 * defaults (outlier ejection, rests, the budget of extra load), then with active checks, a breaker and peak EWMA, then
 * with rate and concurrency limits too, in one run. `--before` adds another checkout to the comparison.
 * Exit code 1 unless all of it together costs at most 15 % more.
 *
 *   bin/node bench/resilience.ts [--before ../hedgerow-before] [--seconds 5] [--rounds 5] [--connections 64]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { forwardCpu, type Variant } from './kit/forward-cpu.ts'

const { values: args } = parseArgs({
  options: {
    before: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
  },
})
const bound = 1.15

const upstream = 'balance: peak-ewma, health: { path: /api/work, interval: 1s }, breaker: { failures: 50% }'
const limits =
  'rateLimit: { limit: 1000000, by: client }, concurrency: { limit: adaptive, min: 100, max: 500, queue: 10 }'

const variants: readonly Variant[] = [
  ...(args.before === undefined ? [] : [{ name: 'before', program: join(args.before, 'bin/hedgerow') }]),
  { name: 'by default' },
  { name: 'checks, breaker, peak EWMA', upstream },
  {
    name: 'and rate and concurrency limits',
    upstream,
    sections: ['concurrency: { limit: 1000 }'],
    routes: [`{ match: GET /*, forward: { upstream: work }, ${limits} }`],
  },
]
const load = { connections: Number(args.connections), seconds: Number(args.seconds), rounds: Number(args.rounds) }
const measured = await forwardCpu(variants, load)
console.log(`forward, ${load.connections} connections, medians of ${load.rounds} rounds of ${load.seconds} s`)
for (const { name, cpuUs, ratio, requestsPerSecond } of measured) {
  const rate = Math.round(requestsPerSecond)
  console.log(`${name.padEnd(32)} ${cpuUs.toFixed(1)} us CPU/request  ${ratio.toFixed(3)}  ${rate} requests/s`)
}
const most = Math.max(...measured.map(({ ratio }) => ratio))
console.log(`at most ${most.toFixed(3)} of ${variants[0]?.name} (allowed ${bound})`)
if (most > bound) process.exitCode = 1
