import type { Server } from 'node:net'
import { standBehind } from '../../transport/server/listener.ts'
import { type Acceptor, listenOptions } from '../acceptor.ts'
import { receiveHanded } from './connection-handoff.ts'
import type { HandedAcceptor } from './protocol.ts'

/** Connections that the main thread has accepted. */
export function handedAcceptor({ path, address }: HandedAcceptor): Acceptor {
  let server: Server | undefined
  return {
    open: async (config, rules) => {
      const front = standBehind(address, { ...rules, listen: listenOptions(config) })
      server = await receiveHanded(path, (socket, peer) => front.take(socket, peer))
      return front
    },
    // Only the main thread can change the address.
    move: (front) => Promise.resolve(front),
    close: () => server?.close(),
  }
}
