/**
 * Three targets, one of which becomes 10 x slower, then fails fast, then hangs, then recovers: compares the balancers
 * under the same load, and with that target removed by hand. Runs in virtual time, so it takes seconds and is
 * reproducible.
 *
 *   bin/node bench/balancers.ts [--per-second 300] [--seed 0] [--only peak-ewma,probing]
 *
 * Runs with the defaults of an upstream, then with `outlier: off`, where only the balancer acts. Exit code 1 if p99 of
 * peak-ewma or probing exceeds 1.5 times the p99 without the sick target in any phase.
 */
import { parseArgs } from 'node:util'
import { allBalancers, type PhaseResult, playBalancing, type SceneOptions, usualPhases } from './kit/balancing-scene.ts'
import { asText, ms, share } from './kit/format.ts'

const { values: args } = parseArgs({
  options: {
    'per-second': { type: 'string', default: '300' },
    seed: { type: 'string', default: '0' },
    only: { type: 'string', default: Object.keys(allBalancers).join(',') },
  },
})
const mostTimes = 1.5
const held = new Set(['peak-ewma', 'probing'])
const faults: string[] = []
const scene = { phases: usualPhases, perSecond: Number(args['per-second']), seed: Number(args.seed) }

for (const [title, health] of [
  ['with the defaults', {}],
  ['with outlier: off', { outlier: 'off' }],
] as const) {
  const rows: string[][] = []
  for (const [name, balance] of Object.entries(allBalancers)) {
    if (!args.only.split(',').includes(name)) continue
    const played = await play(name, { balance, ...health })
    rows.push(...played)
  }
  console.log(`${title}, ${scene.perSecond} calls a second`)
  const head = ['balancer', 'phase', 'p50', 'p99', 'success', 'to the sick', 'p99 without it', 'x']
  console.log(`${asText({ head, rows })}\n`)
}
for (const error of faults) console.log(error)
process.exitCode = faults.length === 0 ? 0 : 1

async function play(name: string, upstream: SceneOptions['upstream']): Promise<string[][]> {
  const results = await playBalancing({ ...scene, upstream })
  const without = await playBalancing({ ...scene, upstream, withoutSick: true })
  return results.map((result, place) => {
    const ideal = without[place] as PhaseResult
    const times = result.p99Ms / ideal.p99Ms
    if (held.has(name) && times > mostTimes) {
      faults.push(
        `${name}: p99 is ${times.toFixed(2)} times that without the sick target in the phase "${result.phase}"`,
      )
    }
    return [
      place === 0 ? name : '',
      result.phase,
      ms(result.p50Ms),
      ms(result.p99Ms),
      percent(result.success),
      percent(result.sickShare),
      ms(ideal.p99Ms),
      times.toFixed(2),
    ]
  })
}

/** Shows the digits that matter for shares near 0 and 1. */
function percent(value: number): string {
  return value > 0 && value < 1 && (value < 0.1 || value > 0.9) ? `${(value * 100).toFixed(2)} %` : share(value)
}
