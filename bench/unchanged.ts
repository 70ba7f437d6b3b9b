/**
 * Compares CPU per request of plain `forward` with another checkout: interleaved rounds of that one, of this one, and
 * of that one a second time, whose ratio to itself shows the machine's noise. Exit code 1 if the upper end of the 95 %
 * interval of the median ratio is more than `--within` per cent above 1.
 *
 *   bin/node bench/unchanged.ts --before ../hedgerow-before [--within 2] [--pairs 20] [--seconds 3] [--connections 64]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { forwardRounds } from './kit/forward-cpu.ts'
import type { Figures } from './kit/measure.ts'
import { type Interval, median, medianInterval } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    before: { type: 'string' },
    within: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
  },
})
if (args.before === undefined) {
  console.error('Name the checkout to compare with: --before PATH')
  process.exit(2)
}
const program = join(args.before, 'bin/hedgerow')
const load = { connections: Number(args.connections), seconds: Number(args.seconds), rounds: Number(args.pairs) }
const variants = [{ name: 'before', program }, { name: 'now' }, { name: 'before, again', program }]
const [before, now, again] = (await forwardRounds(variants, load)) as [Figures, Figures, Figures]

console.log(`forward, ${load.connections} connections, ${load.rounds} interleaved pairs of ${load.seconds} s`)
for (const figures of [before, now, again]) {
  const cpuUs = median(figures.rounds.map((round) => round.cpuUs))
  console.log(`${figures.name.padEnd(14)} ${cpuUs.toFixed(2)} us CPU/request`)
}
const ratio = ratioTo(before, now)
console.log(`now / before           ${shown(ratio)}`)
console.log(`before again / before  ${shown(ratioTo(before, again))}`)
const most = 1 + Number(args.within) / 100
console.log(`upper end ${ratio.high.toFixed(3)} (allowed ${most.toFixed(3)})`)
if (!(ratio.high <= most)) process.exitCode = 1

function ratioTo(base: Figures, figures: Figures): Interval {
  const ratios = figures.rounds.map((round, index) => round.cpuUs / (base.rounds[index]?.cpuUs ?? Number.NaN))
  return medianInterval(ratios)
}

function shown({ low, median, high }: Interval): string {
  return `${median.toFixed(3)}  [${low.toFixed(3)}, ${high.toFixed(3)}]`
}
