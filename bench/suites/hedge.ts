import { startBackend } from '../kit/backend.ts'
import type { Contender } from '../kit/measure.ts'
import { loadCore, proxyCore, type Session } from '../kit/session.ts'
import { onStage } from '../kit/stage.ts'
import { startHedgerow } from '../peers/hedgerow.ts'

const routes = {
  forward: '{ match: GET /api/work, forward: { upstream: work } }',
  hedge: '{ match: GET /api/work, hedge: { upstream: work, after: 300ms, extra: 2 } }',
}

/** The cost of `hedge` when no hedge is needed: the backend answers at once. */
export function hedge(session: Session): Promise<void> {
  return onStage(async (stage) => {
    const backend = await startBackend(stage, loadCore)
    const contenders: Contender[] = []
    for (const [name, route] of Object.entries(routes)) {
      const plan = { cores: proxyCore, routes: [route], targetPorts: [backend.port] }
      const { port, pid } = await startHedgerow(stage, plan)
      contenders.push({ name, pid, url: `http://127.0.0.1:${port}/api/work` })
    }
    await session.compare('hedge', 'on a fast backend', 64, contenders)
  })
}
