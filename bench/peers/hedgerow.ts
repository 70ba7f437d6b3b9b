import { join } from 'node:path'
import { freePort } from '../kit/processes.ts'
import type { Stage } from '../kit/stage.ts'
import type { Peer, Running } from './peer.ts'

export const hedgerowProgram = join(import.meta.dirname, '../../bin/hedgerow')

export interface HedgerowPlan {
  readonly cores: number | string
  /** Entries under `routes`. */
  readonly routes: readonly string[]
  /** The targets of the upstream `work`. */
  readonly targetPorts: readonly number[]
  /** Further options of the upstream. */
  readonly upstream?: string
  /** Top-level sections besides `listen`, `upstreams` and `routes`; `PORT` stands for the front's port. */
  readonly sections?: readonly string[]
  /** Further arguments of `hedgerow serve`; `FOLDER` stands for the benchmark's folder. */
  readonly args?: readonly string[]
  /** `bin/hedgerow` of another checkout. */
  readonly program?: string
}

/** `hedgerow serve` with everything that is on by default. */
export async function startHedgerow(stage: Stage, plan: HedgerowPlan): Promise<Running> {
  const { cores, routes, targetPorts, upstream = '', sections = [], args = [], program = hedgerowProgram } = plan
  const port = await freePort()
  const targets = targetPorts.map((target) => `"http://127.0.0.1:${target}"`)
  const lines = [
    `listen: { port: ${port} }`,
    `upstreams: { work: { targets: [${targets.join(', ')}]${upstream === '' ? '' : `, ${upstream}`} } }`,
    ...sections.map((section) => section.replaceAll('PORT', String(port))),
    'routes:',
    ...routes.map((route) => `  - ${route}`),
  ]
  const file = stage.file(`hedgerow-${port}.yaml`, `${lines.join('\n')}\n`)
  const given = args.map((arg) => arg.replace('FOLDER', stage.folder))
  return { port, pid: await stage.start({ cores, port, command: program, args: ['serve', file, ...given] }) }
}

export const forwardRoute = '{ match: GET /*, forward: { upstream: work } }'

export const hedgerow: Peer = {
  name: 'Hedgerow',
  needs: [],
  start: (core, { stage, backendPort }) =>
    startHedgerow(stage, { cores: core, routes: [forwardRoute], targetPorts: [backendPort] }),
}
