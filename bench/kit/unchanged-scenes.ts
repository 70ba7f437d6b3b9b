import { join } from 'node:path'
import { forwardRoute, type HedgerowPlan } from '../peers/hedgerow.ts'
import { startBackend } from './backend.ts'
import { freePort } from './processes.ts'
import { loadCore, proxyCore } from './session.ts'
import type { Stage } from './stage.ts'
import { formPost } from './wrk.ts'

/** The configuration that gateways of both checkouts serve, and the load on them. */
export interface Scene {
  readonly plan: Omit<HedgerowPlan, 'program'>
  readonly path: string
  readonly loadCores: number | string
  /** A Lua file for wrk; plain GETs by default. */
  readonly script?: string
}

const bothCores = '0,1'

/** Scenes by name; each starts its backends. */
export const scenes: Readonly<Record<string, (stage: Stage) => Promise<Scene>>> = {
  forward: async (stage) => {
    const { port } = await startBackend(stage, loadCore)
    const plan = { cores: proxyCore, routes: [forwardRoute], targetPorts: [port] }
    return { plan, path: '/api/work', loadCores: loadCore }
  },
  workers: async (stage) => {
    const { port } = await startBackend(stage, bothCores)
    const plan = { cores: bothCores, routes: [forwardRoute], targetPorts: [port], sections: ['workers: 2'] }
    return { plan, path: '/api/work', loadCores: bothCores }
  },
  broadcast: async (stage) => {
    const { ports } = await startBackend(stage, bothCores)
    // Each gateway has a store of its own.
    const sections = [`store: { path: ${stage.folder}/PORT.db }`]
    const routes = ['{ match: POST /register, broadcast: { upstream: work } }']
    const script = stage.file('post.lua', formPost)
    return {
      plan: { cores: bothCores, routes, targetPorts: ports, sections },
      path: '/register',
      loadCores: bothCores,
      script,
    }
  },
  callback: async (stage) => {
    const port = await freePort()
    const program = join(import.meta.dirname, 'async-backend.ts')
    await stage.start({ cores: loadCore, port, command: process.execPath, args: [program, '--port', String(port)] })
    const routes = ['{ match: GET /quick, callback: { upstream: work, receive: { path: /callback.quick } } }']
    const sections = ['callbacks: { url: "http://127.0.0.1:PORT" }']
    return {
      plan: { cores: proxyCore, routes, targetPorts: [port], sections },
      path: '/quick',
      loadCores: loadCore,
    }
  },
}
