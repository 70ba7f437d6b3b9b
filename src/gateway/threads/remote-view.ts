import type { PlaneView } from '../../admin/inspector.ts'
import type { Line } from '../../kit/rpc.ts'
import type { MainMethods, WorkerMethods } from './protocol.ts'

/** What can be asked of a worker's data plane. */
export function remoteView(line: Line<MainMethods, WorkerMethods>): PlaneView {
  // The worker answers as the view of its thread does.
  const ask = (name: keyof PlaneView, ...args: readonly unknown[]) => line.ask('view', [name, args]) as Promise<never>
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
