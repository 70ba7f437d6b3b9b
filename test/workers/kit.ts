import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { type ConfigInput, configSchema } from '../../src/config/schema.ts'
import type { GatewayDeps } from '../../src/gateway/gateway-deps.ts'
import { atEnd } from '../kit/cleanup.ts'
import { type OpenGateway, openScene, type Scene } from '../kit/gateway.ts'

export interface WorkersScene {
  readonly scene: Scene
  readonly gateway: OpenGateway
  readonly logged: readonly string[]
  /** The threads that serve calls, in the order of their start. */
  readonly threads: readonly Worker[]
  reload(config: ConfigInput): ReturnType<OpenGateway['gateway']['reload']>
}

/** A gateway with two workers by default. */
export async function openWorkers(
  t: TestContext,
  config: (scene: Scene) => Promise<ConfigInput>,
  deps: Partial<GatewayDeps> = {},
): Promise<WorkersScene> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-workers-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const scene = openScene(t)
  const logged: string[] = []
  const threads: Worker[] = []
  const onWorker = (worker: Worker): void => {
    // The store has a thread as well.
    if (worker.threadName?.startsWith('hedgerow-worker') === true) threads.push(worker)
  }
  process.on('worker', onWorker)
  atEnd(t, () => process.off('worker', onWorker))
  const input = { workers: 2, admin: { port: 0 }, ...(await config(scene)) }
  const gateway = await scene.gateway(input, { folder, log: (text) => logged.push(text), ...deps })
  const reload = (changed: ConfigInput) =>
    gateway.gateway.reload(configSchema.parse({ ...input, ...changed, listen: { port: 0, ...changed.listen } }))
  return { scene, gateway, logged, threads, reload }
}

/** Clients with a connection each, so that several workers have some. */
export function clients(t: TestContext, count: number): readonly Agent[] {
  const agents = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  atEnd(t, () => {
    for (const agent of agents) agent.destroy()
  })
  return agents
}
