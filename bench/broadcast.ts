/**
 * The cost of a durable broadcast: `POST /register` with a form body, three backends (nginx) that answer 201 at once,
 * 64 connections, load and backends on the same cores. The memory store beside SQLite shows the cost of durability.
 *
 *   bin/node bench/broadcast.ts [--connections 64] [--seconds 8] [--rounds 3]
 *
 * Exit code 1 if SQLite does fewer than 2,500 broadcasts/s or takes more than 300 us of CPU each (whole process).
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBackend } from './kit/backend.ts'
import { us, whole } from './kit/format.ts'
import { type Contender, type Figures, medianOf, sideBySide } from './kit/measure.ts'
import { freePort, listening, requireProgram, start, stopAll } from './kit/processes.ts'
import { onStage, type Stage, tidyOnSignals } from './kit/stage.ts'
import { formPost } from './kit/wrk.ts'

const { values: args } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
  },
})
const root = join(import.meta.dirname, '..')
const cores = '0,1'

requireProgram('taskset', 'util-linux')
requireProgram('nginx', 'nginx-light')
requireProgram('wrk', 'wrk')
tidyOnSignals()
process.exitCode = (await onStage(compare)) ? 0 : 1

async function compare(stage: Stage): Promise<boolean> {
  const { ports } = await startBackend(stage, cores)
  const script = stage.file('post.lua', formPost)
  const contender = async (name: string, store: string): Promise<Contender> => {
    const port = await freePort()
    const targets = ports.map((target) => `http://127.0.0.1:${target}`)
    const program = join(root, 'bench/kit/broadcast-gateway.ts')
    // Not on the stage: it prints the store's statistics when it ends.
    const { pid } = start(join(root, 'bin/node'), [program, String(port), store, ...targets])
    await listening(port)
    return { name, pid: pid as number, url: `http://127.0.0.1:${port}/register`, script }
  }
  try {
    const contenders = [await contender('sqlite', join(stage.folder, 'bench.db')), await contender('memory', 'memory')]
    const seconds = Number(args.seconds)
    const load = { connections: Number(args.connections), seconds, warmUpSeconds: seconds, rounds: Number(args.rounds) }
    return report(await sideBySide(contenders, { ...load, cores }, () => {}))
  } finally {
    await stopAll()
  }
}

function report(contenders: readonly Figures[]): boolean {
  console.log(
    `broadcast to 3 targets, ${args.connections} connections, medians of ${args.rounds} rounds of ${args.seconds} s`,
  )
  const cpuUs = (figures: Figures): number => medianOf(figures, (round) => round.cpuUs)
  const perSecond = (figures: Figures): number => medianOf(figures, (round) => round.requestsPerSecond)
  for (const one of contenders) {
    const rate = whole(perSecond(one)).padStart(6)
    console.log(`${one.name.padEnd(8)} ${rate} broadcasts/s  ${us(cpuUs(one)).padStart(7)} of CPU each`)
  }
  const [sqlite] = contenders as readonly [Figures]
  const failed = contenders.flatMap(({ rounds }) => rounds).reduce((sum, round) => sum + round.failed, 0)
  const holds = failed === 0 && perSecond(sqlite) >= 2500 && cpuUs(sqlite) <= 300
  console.log(`${holds ? 'holds' : 'FAILS'}: none failed, at least 2500/s and at most 300 us with SQLite`)
  return holds
}
