import { startBackend } from '../kit/backend.ts'
import type { Contender } from '../kit/measure.ts'
import { loadCore, proxyCore, type Session } from '../kit/session.ts'
import { onStage } from '../kit/stage.ts'
import { startHedgerow } from '../peers/hedgerow.ts'
import { findLua, startLua } from '../peers/nginx-lua.ts'

const counts = [2, 3]

/** `all`: concurrent calls, their bodies merged into a JSON array, beside a hand-written version in nginx's Lua. */
export function fanOut(session: Session): Promise<void> {
  return onStage(async (stage) => {
    const backend = await startBackend(stage, loadCore)
    const modules = findLua()
    if (modules === undefined) {
      session.leaveOut('nginx with Lua: its modules are not installed (apt-get install libnginx-mod-http-lua)')
    }
    const lua = modules && (await startLua(stage, { core: proxyCore, backendPort: backend.port, modules, counts }))
    const hedgerow = await startHedgerow(stage, {
      cores: proxyCore,
      routes: counts.map(
        (calls) => `{ match: GET /all/${calls}, all: { upstream: work, path: /api/work, calls: ${calls} } }`,
      ),
      targetPorts: [backend.port],
    })
    for (const calls of counts) {
      const contenders: Contender[] = []
      const contend = (name: string, { port, pid }: { port: number; pid: number }): void => {
        contenders.push({ name, pid, url: `http://127.0.0.1:${port}/all/${calls}` })
      }
      if (lua !== undefined) contend('nginx with Lua', lua)
      contend('Hedgerow', hedgerow)
      await session.compare('fan-out', `all of ${calls}`, 64, contenders)
    }
  })
}
