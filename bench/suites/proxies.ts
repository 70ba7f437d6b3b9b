import { bodies, startBackend } from '../kit/backend.ts'
import { loadCore, proxyCore, type Session } from '../kit/session.ts'
import { onStage } from '../kit/stage.ts'
import type { Running } from '../peers/peer.ts'

interface Proxied {
  readonly suite: string
  readonly name: string
  readonly path: string
  readonly connections: number
}

/** Plain forwarding of small answers. */
export function forward(session: Session): Promise<void> {
  const cases = session.settings.connections.map((connections) => {
    const name = `${connections} ${connections === 1 ? 'connection' : 'connections'}`
    return { suite: 'forward', name, path: '/api/work', connections }
  })
  return throughProxies(session, cases)
}

/** Larger answers, where throughput and memory count. */
export function largeBodies(session: Session): Promise<void> {
  const cases = Object.entries(bodies).map(([name, bytes]) => {
    return { suite: 'bodies', name, path: `/bodies/${bytes}`, connections: 64 }
  })
  return throughProxies(session, cases)
}

function throughProxies(session: Session, cases: readonly Proxied[]): Promise<void> {
  return onStage(async (stage) => {
    const backend = await startBackend(stage, loadCore)
    const up: (Running & { readonly name: string })[] = []
    for (const peer of session.settings.peers) {
      try {
        const running = await peer.start(proxyCore, { stage, backendPort: backend.port })
        up.push({ name: peer.name, ...running })
      } catch (error) {
        session.leaveOut(`${peer.name} did not start: ${(error as Error).message}`)
      }
    }
    for (const { suite, name, path, connections } of cases) {
      const contenders = up.map(({ name, pid, port }) => ({ name, pid, url: `http://127.0.0.1:${port}${path}` }))
      await session.compare(suite, name, connections, contenders)
    }
  })
}
