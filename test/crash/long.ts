/**
 * The long crash test: at least 200 kills over at least 20,000 acknowledged writes.
 *
 *   npm run test:crash -- [--kills 200] [--writes 20000] [--seed 1]
 */
import { parseArgs } from 'node:util'
import { crashRun } from './crash-run.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    writes: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
})
const report = await crashRun({
  kills: Number(values.kills),
  writes: Number(values.writes),
  seed: Number(values.seed),
  onProgress: (text) => void (process.stderr.isTTY && process.stderr.write(`\r${text}`)),
})
console.log(`${report.kills} kills, ${report.acknowledged} acknowledged writes, ${report.cutOff} cut off by a kill`)
console.log(
  `${report.lost.length} lost, ${report.outOfOrder.length} out of order, ${report.repeats} repeats explained by a crash, ${report.unexplained.length} not`,
)
for (const write of [...report.lost, ...report.outOfOrder, ...report.unexplained].slice(0, 20))
  console.log(`  ${write}`)
process.exitCode = report.lost.length + report.outOfOrder.length + report.unexplained.length === 0 ? 0 : 1
