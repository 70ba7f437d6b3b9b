import { join } from 'node:path'
import { type Backend, startBackend } from '../kit/backend.ts'
import type { Contender } from '../kit/measure.ts'
import { freePort } from '../kit/processes.ts'
import { loadCore, proxyCore, type Session } from '../kit/session.ts'
import { onStage, type Stage } from '../kit/stage.ts'
import { formPost } from '../kit/wrk.ts'
import { forwardRoute, startHedgerow } from '../peers/hedgerow.ts'

const calledBack = '{ match: GET /service/method, callback: { upstream: work } }'
const asyncBackend = join(import.meta.dirname, '../kit/async-backend.ts')

/** The cost per call of the durable and asynchronous strategies, beside `forward`: 1 exchange there, 4 and 3 here. */
export function flows(session: Session): Promise<void> {
  return onStage(async (stage) => {
    const backend = await startBackend(stage, loadCore)
    const contenders = [await forward(stage, backend), await callback(stage), await broadcast(stage, backend)]
    await session.compare('flows', 'callback and broadcast beside forward', 64, contenders)
  })
}

async function forward(stage: Stage, backend: Backend): Promise<Contender> {
  const plan = { cores: proxyCore, routes: [forwardRoute], targetPorts: [backend.port] }
  const { port, pid } = await startHedgerow(stage, plan)
  return { name: 'forward', pid, url: `http://127.0.0.1:${port}/api/work` }
}

async function callback(stage: Stage): Promise<Contender> {
  const backendPort = await freePort()
  const args = [asyncBackend, '--port', String(backendPort)]
  await stage.start({ cores: loadCore, command: process.execPath, args, port: backendPort })
  const { port, pid } = await startHedgerow(stage, {
    cores: proxyCore,
    sections: ['callbacks: { url: http://127.0.0.1:PORT }'],
    routes: [calledBack],
    targetPorts: [backendPort],
  })
  return { name: 'callback', pid, url: `http://127.0.0.1:${port}/service/method` }
}

async function broadcast(stage: Stage, backend: Backend): Promise<Contender> {
  const { port, pid } = await startHedgerow(stage, {
    cores: proxyCore,
    routes: ['{ match: POST /register, broadcast: { upstream: work } }'],
    targetPorts: backend.ports,
  })
  const script = stage.file('post.lua', formPost)
  return { name: 'broadcast to 3', pid, url: `http://127.0.0.1:${port}/register`, script }
}
