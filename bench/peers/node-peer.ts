import { join } from 'node:path'
import { freePort } from '../kit/processes.ts'
import type { Peer } from './peer.ts'

/** A proxy in Node, on Hedgerow's Node version: a program with its port and the backend's as arguments. */
export function nodePeer(name: string, program: string): Peer {
  return {
    name,
    needs: [],
    async start(core, { stage, backendPort }) {
      const port = await freePort()
      const args = [join(import.meta.dirname, program), String(port), String(backendPort)]
      const command = join(import.meta.dirname, '../../bin/node')
      return { port, pid: await stage.start({ cores: core, port, command, args }) }
    },
  }
}
