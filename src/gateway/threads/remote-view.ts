import type { Inspector } from '../../admin/inspector.ts'
import type { RpcChannel } from '../../kit/rpc.ts'
import type { MainMethods, WorkerMethods } from './protocol.ts'

/** The view of a worker's server. */
export function remoteInspector(channel: RpcChannel<MainMethods, WorkerMethods>): Inspector {
  // The worker answers with the view of its thread.
  const ask = (name: keyof Inspector, ...args: readonly unknown[]) =>
    channel.call('view', [name, args]) as Promise<never>
  return {
    calls: (filter) => ask('calls', filter),
    call: (id) => ask('call', id),
    connections: () => ask('connections'),
    targetConnections: () => ask('targetConnections'),
    lastFailures: () => ask('lastFailures'),
    waiters: (limit) => ask('waiters', limit),
    process: () => ask('process'),
    dropped: () => ask('dropped'),
    admission: () => ask('admission'),
    inFlight: () => ask('inFlight'),
  }
}
