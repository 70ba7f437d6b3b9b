import { forwardRoute, type HedgerowPlan, startHedgerow } from '../peers/hedgerow.ts'
import { startBackend } from './backend.ts'
import { type Contender, type Figures, medianOf, medianRatio, sideBySide } from './measure.ts'
import { requireProgram } from './processes.ts'
import { loadCore, proxyCore } from './session.ts'
import { onStage } from './stage.ts'

/** Plain `forward` under one configuration. */
export interface Variant extends Partial<Omit<HedgerowPlan, 'cores' | 'targetPorts'>> {
  readonly name: string
}

export interface ForwardLoad {
  readonly connections: number
  readonly seconds: number
  readonly rounds: number
}

export interface Measured {
  readonly name: string
  /** Medians over the rounds. */
  readonly cpuUs: number
  /** Relative to the first variant of the same round. */
  readonly ratio: number
  readonly requestsPerSecond: number
}

/** Medians of CPU per request of plain `forward` under several configurations. */
export async function forwardCpu(variants: readonly Variant[], load: ForwardLoad): Promise<readonly Measured[]> {
  const measured = await forwardRounds(variants, load)
  return measured.map((figures) => ({
    name: figures.name,
    cpuUs: medianOf(figures, ({ cpuUs }) => cpuUs),
    ratio: medianRatio(figures, measured[0] as Figures, ({ cpuUs }) => cpuUs),
    requestsPerSecond: medianOf(figures, ({ requestsPerSecond }) => requestsPerSecond),
  }))
}

/** Measures plain `forward` under several configurations, in turn, each alone on its core. */
export async function forwardRounds(variants: readonly Variant[], load: ForwardLoad): Promise<readonly Figures[]> {
  requireProgram('nginx', 'nginx-light')
  requireProgram('wrk', 'wrk')
  const measured = await onStage(async (stage) => {
    const backend = await startBackend(stage, loadCore)
    const contenders: Contender[] = []
    for (const { name, ...variant } of variants) {
      const plan = { routes: [forwardRoute], ...variant, cores: proxyCore, targetPorts: [backend.port] }
      const { port, pid } = await startHedgerow(stage, plan)
      contenders.push({ name, pid, url: `http://127.0.0.1:${port}/api/work` })
    }
    return sideBySide(contenders, { ...load, warmUpSeconds: load.seconds, cores: loadCore }, () => {})
  })
  const failed = measured.find(({ rounds }) => rounds.some((round) => round.failed > 0))
  if (failed !== undefined) throw new Error(`${failed.name}: requests failed`)
  return measured
}
