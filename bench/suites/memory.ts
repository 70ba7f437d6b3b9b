import { setTimeout as sleep } from 'node:timers/promises'
import { startBackend } from '../kit/backend.ts'
import { Client } from '../kit/client.ts'
import { mib } from '../kit/format.ts'
import { openFileLimit } from '../kit/machine.ts'
import { residentMiB } from '../kit/process-cpu.ts'
import { loadCore, proxyCore, type Session } from '../kit/session.ts'
import { onStage } from '../kit/stage.ts'
import { runWrk } from '../kit/wrk.ts'
import { forwardRoute, startHedgerow } from '../peers/hedgerow.ts'

const busyConnections = 1500
const wantedIdle = 10_000
/** Open files of a process besides its connections. */
const otherFiles = 200

/** Resident memory of Hedgerow: idle, with 1,500 busy connections, and with 10,000 idle ones after one request each. */
export async function memory(session: Session): Promise<void> {
  await onGateway(session, 'busy', async ({ port, pid, remember }) => {
    const load = { url: `http://127.0.0.1:${port}/api/work`, connections: busyConnections, cores: loadCore }
    const running = runWrk({ ...load, seconds: session.settings.seconds + 2 })
    await sleep((session.settings.seconds + 1) * 1000)
    remember('busy connections', busyConnections, residentMiB(pid))
    await running
  })
  const idle = Math.min(wantedIdle, openFileLimit() - otherFiles)
  if (idle < wantedIdle) session.leaveOut(`${wantedIdle} idle connections: this machine allows ${idle} (see ulimit -n)`)
  await onGateway(session, 'idle', async ({ port, pid, remember }) => {
    const clients: Client[] = []
    while (clients.length < idle) {
      const more = Math.min(250, idle - clients.length)
      const connected = await Promise.all(Array.from({ length: more }, () => Client.connected(port)))
      await Promise.all(connected.map((client) => client.ask('/api/work')))
      clients.push(...connected)
    }
    await sleep(2000)
    remember('idle connections', idle, residentMiB(pid))
    for (const client of clients) client.close()
  })
}

interface Gateway {
  readonly port: number
  readonly pid: number
  readonly remember: (what: string, connections: number, resident: number) => void
}

function onGateway(session: Session, what: string, act: (gateway: Gateway) => Promise<void>): Promise<void> {
  return onStage(async (stage) => {
    session.tell(`memory: ${what}`)
    const backend = await startBackend(stage, loadCore)
    const plan = { cores: proxyCore, routes: [forwardRoute], targetPorts: [backend.port] }
    const { port, pid } = await startHedgerow(stage, plan)
    const rest = residentMiB(pid)
    const remember = (state: string, connections: number, resident: number): void => {
      session.remember({ what: state, connections, residentMiB: resident })
      const each = (((resident - rest) / connections) * 1024).toFixed(1)
      session.print(
        `memory, ${connections} ${state}: ${mib(resident)}, ${each} KiB each above the ${mib(rest)} at rest\n`,
      )
    }
    if (what === 'busy') session.remember({ what: 'at rest', connections: 0, residentMiB: rest })
    await act({ port, pid, remember })
  })
}
