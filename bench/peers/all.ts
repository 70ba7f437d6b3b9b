import { hasProgram } from '../kit/processes.ts'
import { caddy } from './caddy.ts'
import { haproxy } from './haproxy.ts'
import { hedgerow } from './hedgerow.ts'
import { nginx } from './nginx.ts'
import { nodePeer } from './node-peer.ts'
import type { Peer } from './peer.ts'

/** nginx first: the others are given as multiples of it. */
export const allPeers: readonly Peer[] = [
  nginx,
  haproxy,
  hedgerow,
  caddy,
  nodePeer('@fastify/http-proxy', 'fastify-program.ts'),
  nodePeer('http-proxy-3', 'http-proxy-3-program.ts'),
]

export interface Choice {
  readonly peers: readonly Peer[]
  /** Skipped peers and the reasons, for a clear warning. */
  readonly leftOut: readonly string[]
}

/** The named peers (all without names) that can run on this machine. */
export function choosePeers(names: readonly string[] | undefined, has = hasProgram): Choice {
  const wanted = names === undefined ? allPeers : allPeers.filter(({ name }) => names.includes(name.toLowerCase()))
  const missing = (peer: Peer) => peer.needs.filter(({ name }) => !has(name))
  return {
    peers: wanted.filter((peer) => missing(peer).length === 0),
    leftOut: wanted.flatMap((peer) =>
      missing(peer).map(
        ({ name, debianPackage }) => `${peer.name}: ${name} is not installed (apt-get install ${debianPackage})`,
      ),
    ),
  }
}
