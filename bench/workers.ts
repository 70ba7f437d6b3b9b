/**
 * The effect of workers: `npm run bench:workers`, with `-- --help` for more. The table of the program that Hedgerow
 * replaces, over a backend of 300 to 500 ms, and plain `forward` with one worker and with two. Exit code 1 if a bound
 * of `workers-bounds.ts` does not hold or a gateway did not start.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { verdictLine } from './bounds.ts'
import { asText, clockTime, times } from './kit/format.ts'
import { checkout, thisMachine } from './kit/machine.ts'
import { requireProgram } from './kit/processes.ts'
import { resultFile, type ScalingRow, type WorkersResult, type WorkersRow, writeResult } from './kit/results.ts'
import { tidyOnSignals } from './kit/stage.ts'
import { scalingTable, workersTable } from './kit/workers-tables.ts'
import { scaling, table, workersRows } from './suites/workers.ts'
import { coresToScale, judgeScaling, judgeTable, scalingByCpu } from './workers-bounds.ts'

const help = `npm run bench:workers -- [options]

Calls over a backend of 300 to 500 ms with 1 and with 4 workers, and how throughput grows from 1 worker to 2.

  --quick             800 calls one by one, which take 5 minutes for each number of workers, become 40
  --only <parts>      of table, scaling
  --workers <counts>  of the table (1,4)
  --out <file>        where the figures go as JSON. Without it those of a whole run go to bench/results, others nowhere
  --help

Example: npm run bench:workers -- --quick --only table --workers 1

Exit code: 0 all bounds hold, 1 one does not or a gateway did not start, 2 bad usage.`

const { values: args } = parsed()
const parts = args.only?.split(',') ?? ['table', 'scaling']
const counts = (args.workers ?? '1,4').split(',').map(Number)
const isWhole = args.quick !== true && args.only === undefined && args.workers === undefined
const rows = table.map(
  ([calls, concurrency]) => [args.quick === true && concurrency === 1 ? 40 : calls, concurrency] as const,
)
const leftOut: string[] = []

if (args.help === true) {
  console.log(help)
  process.exit(0)
}
if (parts.some((part) => part !== 'table' && part !== 'scaling')) refuse('--only takes table and scaling')
if (counts.some((count) => !Number.isInteger(count) || count < 1)) refuse('--workers takes whole numbers from 1')
for (const [name, debianPackage] of [
  ['taskset', 'util-linux'],
  ['ab', 'apache2-utils'],
  ['wrk', 'wrk'],
  ['nginx', 'nginx-light'],
] as const) {
  requireProgram(name, debianPackage)
}
tidyOnSignals()
process.exitCode = (await run()) ? 0 : 1

async function run(): Promise<boolean> {
  const { commit, isChanged } = checkout()
  const isApart = cpus().length >= coresToScale
  const measured = parts.includes('table') ? await measureTable() : []
  const scaled = parts.includes('scaling') ? await measureScaling(isApart) : []
  const verdicts = [...judgeTable(measured), ...judgeScaling(scaled, isApart)]
  const result: WorkersResult = {
    kind: 'workers',
    date: new Date().toISOString(),
    commit,
    isChanged,
    machine: thisMachine(),
    leftOut,
    verdicts,
    rows: measured,
    scaling: scaled,
    isApart,
  }
  for (const one of verdicts) console.log(verdictLine(one))
  for (const what of leftOut) console.log(`LEFT OUT       ${what}`)
  const file = args.out ?? (isWhole ? resultFile(result) : undefined)
  if (file !== undefined) writeResult(file, result)
  return leftOut.length === 0 && verdicts.every(({ holds }) => holds)
}

async function measureTable(): Promise<readonly WorkersRow[]> {
  const measured: WorkersRow[] = []
  const seconds = rows.reduce((sum, [calls, concurrency]) => sum + (calls / concurrency) * 0.4, 0)
  console.log(`The table takes about ${clockTime(seconds)} for each number of workers.`)
  for (const workers of counts) {
    await orLeaveOut(`the table with ${workers} workers`, () =>
      workersRows({
        workers,
        cores: allCores(),
        rows,
        onRow: (row) => {
          measured.push(row)
          console.log(
            `${workers} ${workers === 1 ? 'worker' : 'workers'}, ${row.calls} calls, ${row.concurrency} at once: ${row.requestsPerSecond.toFixed(1)}/s`,
          )
        },
      }),
    )
  }
  if (measured.length > 0) console.log(`\n${asText(workersTable(measured))}\n`)
  return measured
}

async function measureScaling(isApart: boolean): Promise<readonly ScalingRow[]> {
  const cores = isApart ? (['0,1', '2,3'] as const) : ([allCores(), allCores()] as const)
  const [rounds, seconds] = args.quick === true ? [1, 2] : [3, 5]
  const scaled = (await orLeaveOut('scaling to 2 workers', () => scaling({ cores, rounds, seconds }))) ?? []
  if (scaled.length === 0) return []
  console.log(`${asText(scalingTable({ scaling: scaled }))}\n`)
  if (!isApart) {
    console.log(
      `There are ${cpus().length} cores, which load, backend and gateway share, so requests/s say nothing of scaling (it ` +
        `takes ${coresToScale}). By CPU per request 2 workers on 2 cores do ${times(scalingByCpu(scaled))} times what one does.\n`,
    )
  }
  return scaled
}

async function orLeaveOut<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    leftOut.push(`${what}: ${(error as Error).message}`)
    return undefined
  }
}

function allCores(): string {
  return `0-${cpus().length - 1}`
}

function parsed() {
  try {
    const text = { type: 'string' } as const
    const flag = { type: 'boolean' } as const
    return parseArgs({ options: { quick: flag, help: flag, only: text, workers: text, out: text } })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function refuse(why: string): never {
  console.error(`${why}\nTry npm run bench:workers -- --help`)
  process.exit(2)
}
