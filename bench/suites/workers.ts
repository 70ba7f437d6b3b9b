import { runAb } from '../kit/ab.ts'
import { startBackend } from '../kit/backend.ts'
import { type Contender, sideBySide } from '../kit/measure.ts'
import { freePort } from '../kit/processes.ts'
import type { ScalingRow, WorkersRow } from '../kit/results.ts'
import { onStage } from '../kit/stage.ts'
import { forwardRoute, hedgerowProgram, startHedgerow } from '../peers/hedgerow.ts'

/** Numbers of calls and concurrency: the rows of the original's table. */
export const table: readonly (readonly [number, number])[] = [
  [100, 10],
  [400, 40],
  [800, 1],
  [800, 40],
  [800, 80],
  [1000, 100],
  [1000, 200],
  [1600, 160],
  [2400, 300],
]

/** About 400 ms, like the original's backend, and always good: any failure is the gateway's. */
const slowWork = { endpoints: { 'GET /api/work': { latency: { kind: 'uniform', minMs: 300, maxMs: 500 } } } }

export interface TablePlan {
  readonly workers: number
  readonly cores: string
  readonly rows: readonly (readonly [number, number])[]
  readonly onRow: (row: WorkersRow) => void
}

export function workersRows({ workers, cores, rows, onRow }: TablePlan): Promise<void> {
  return onStage(async (stage) => {
    const backendPort = await freePort()
    const args = ['backend', 'work-fixed', '--port', String(backendPort), '--set', JSON.stringify(slowWork)]
    await stage.start({ cores, command: hedgerowProgram, args, port: backendPort })
    const { port } = await startHedgerow(stage, {
      cores,
      sections: section(workers),
      routes: [forwardRoute],
      targetPorts: [backendPort],
    })
    for (const [calls, concurrency] of rows) {
      const url = `http://127.0.0.1:${port}/api/work`
      const { completed, failed, requestsPerSecond } = await runAb({ url, calls, concurrency, cores })
      onRow({ workers, calls, concurrency, completed, failed, requestsPerSecond })
    }
  })
}

export interface ScalingPlan {
  /** Cores of the gateway, and of backend and load. */
  readonly cores: readonly [string, string]
  readonly rounds: number
  readonly seconds: number
}

/** Plain `forward` with one worker and with two, in turn. */
export function scaling({ cores, rounds, seconds }: ScalingPlan): Promise<readonly ScalingRow[]> {
  return onStage(async (stage) => {
    const backend = await startBackend(stage, cores[1], 2)
    const counts = [1, 2]
    const contenders: Contender[] = []
    for (const workers of counts) {
      const { port, pid } = await startHedgerow(stage, {
        cores: cores[0],
        sections: section(workers),
        routes: [forwardRoute],
        targetPorts: [backend.port],
      })
      contenders.push({ name: String(workers), pid, url: `http://127.0.0.1:${port}/api/work` })
    }
    const load = { connections: 128, threads: 2, seconds, warmUpSeconds: seconds, rounds, cores: cores[1] }
    const figures = await sideBySide(contenders, load, () => {})
    return figures.map(({ rounds }, place) => ({
      workers: counts[place] as number,
      cpuUs: rounds.map(({ cpuUs }) => cpuUs),
      requestsPerSecond: rounds.map(({ requestsPerSecond }) => requestsPerSecond),
    }))
  })
}

/** One worker is the default. */
function section(workers: number): readonly string[] {
  return workers === 1 ? [] : [`workers: ${workers}`]
}
