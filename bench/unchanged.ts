/**
 * Compares CPU per call with another checkout, scene by scene: interleaved rounds of that one, of this one, and of that
 * one a second time, whose ratio to itself shows the machine's noise. Two processes of the same code differ by up to 12 %
 * for as long as they live, so each is started several times, and a round's figure is the mean of its processes. Exit code
 * 1 if in a scene the upper end of the 95 % interval of the median ratio is more than `--within` per cent above 1, or a
 * call failed.
 *
 *   bin/node bench/unchanged.ts --before ../hedgerow-before [--scenes forward,workers,broadcast,callback]
 *     [--within 2] [--processes 3] [--pairs 10] [--seconds 2] [--connections 64]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Contender, type Figures, sideBySide } from './kit/measure.ts'
import { requireProgram } from './kit/processes.ts'
import { onStage, tidyOnSignals } from './kit/stage.ts'
import { type Interval, median, medianInterval } from './kit/statistics.ts'
import { scenes } from './kit/unchanged-scenes.ts'
import { hedgerowProgram, startHedgerow } from './peers/hedgerow.ts'

const { values: args } = parseArgs({
  options: {
    before: { type: 'string' },
    scenes: { type: 'string', default: Object.keys(scenes).join() },
    within: { type: 'string', default: '2' },
    processes: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
  },
})
const { before: checkout } = args
if (checkout === undefined) refuse('Name the checkout to compare with: --before PATH')
const names = args.scenes.split(',')
for (const name of names) {
  if (scenes[name] === undefined) refuse(`--scenes takes ${Object.keys(scenes).join(', ')}, not ${name}`)
}
requireProgram('nginx', 'nginx-light')
requireProgram('wrk', 'wrk')
tidyOnSignals()

const variants = [
  { name: 'before', program: join(checkout, 'bin/hedgerow') },
  { name: 'now', program: hedgerowProgram },
  { name: 'before, again', program: join(checkout, 'bin/hedgerow') },
]
const most = 1 + Number(args.within) / 100
let holds = true
for (const name of names) holds = report(name, await measured(name)) && holds
process.exitCode = holds ? 0 : 1

/** CPU per call of one variant in each round, the mean of its processes. */
interface VariantFigures {
  readonly name: string
  readonly cpuUs: readonly number[]
  readonly failed: number
}

async function measured(name: string): Promise<readonly [VariantFigures, VariantFigures, VariantFigures]> {
  const figures = await onStage(async (stage) => {
    const scene = await scenes[name]?.(stage)
    if (scene === undefined) throw new Error(`no scene ${name}`)
    const contenders: Contender[] = []
    for (let i = 0; i < Number(args.processes); i++) {
      for (const variant of variants) {
        const { port, pid } = await startHedgerow(stage, { ...scene.plan, program: variant.program })
        const url = `http://127.0.0.1:${port}${scene.path}`
        contenders.push({ name: variant.name, pid, url, ...(scene.script !== undefined && { script: scene.script }) })
      }
    }
    const seconds = Number(args.seconds)
    const load = { connections: Number(args.connections), seconds, rounds: Number(args.pairs), warmUpSeconds: seconds }
    return sideBySide(contenders, { ...load, cores: scene.loadCores }, () => {})
  })
  const [before, now, again] = variants.map((variant) => joined(figures.filter(({ name }) => name === variant.name)))
  if (before === undefined || now === undefined || again === undefined) throw new Error('a variant is missing')
  return [before, now, again]
}

function joined(processes: readonly Figures[]): VariantFigures {
  const rounds = processes[0]?.rounds ?? []
  const inRound = (index: number): number =>
    processes.reduce((sum, one) => sum + (one.rounds[index]?.cpuUs ?? Number.NaN), 0) / processes.length
  return {
    name: processes[0]?.name ?? '',
    cpuUs: rounds.map((_, index) => inRound(index)),
    failed: processes.flatMap((one) => one.rounds).reduce((sum, { failed }) => sum + failed, 0),
  }
}

function report(scene: string, all: readonly [VariantFigures, VariantFigures, VariantFigures]): boolean {
  const [before, now, again] = all
  console.log(
    `${scene}, ${args.connections} connections, ${args.processes} processes each, ${args.pairs} rounds of ${args.seconds} s`,
  )
  for (const { name, cpuUs } of all) console.log(`  ${name.padEnd(14)} ${median(cpuUs).toFixed(2)} us CPU/call`)
  const ratio = ratioTo(before, now)
  const failed = all.reduce((sum, one) => sum + one.failed, 0)
  const isKept = ratio.high <= most && failed === 0
  console.log(`  now / before           ${shown(ratio)}`)
  console.log(`  before again / before  ${shown(ratioTo(before, again))}`)
  console.log(`  ${isKept ? 'holds' : 'FAILS'}: upper end at most ${most.toFixed(3)}; ${failed} calls failed`)
  return isKept
}

function ratioTo(base: VariantFigures, figures: VariantFigures): Interval {
  return medianInterval(figures.cpuUs.map((us, index) => us / (base.cpuUs[index] ?? Number.NaN)))
}

function shown({ low, median, high }: Interval): string {
  return `${median.toFixed(3)}  [${low.toFixed(3)}, ${high.toFixed(3)}]`
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
