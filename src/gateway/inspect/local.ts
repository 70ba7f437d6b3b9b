import type { Inspector, OpenConnections, WaitersFigures } from '../../admin/inspector.ts'
import type { Callbacks } from '../../callback/callbacks.ts'
import type { ProcessProbe } from '../../kit/process-probe.ts'
import type { LastFailures } from '../../telemetry/recorder/last-failures.ts'
import type { Recorder } from '../../telemetry/recorder/recorder.ts'
import { noConnections } from '../../transport/server/connection-counts.ts'
import type { Listener } from '../../transport/server/listener.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import type { Admission } from '../stack/admission.ts'

/** The parts that this thread currently has. */
export interface LocalParts {
  readonly front?: Pick<Listener, 'figures' | 'inFlight'> | undefined
  readonly upstreams?: ReadonlyMap<string, Upstream> | undefined
  readonly callbacks?: Pick<Callbacks, 'waiters'> | undefined
  readonly admission?: Admission | undefined
  readonly recorder?: Recorder | undefined
  readonly lastFailures?: LastFailures | undefined
  readonly process?: ProcessProbe | undefined
  /** How much was dropped so far, by the name of what is dropped. */
  readonly dropped?: Readonly<Record<string, () => number>> | undefined
}

/** The view of this thread. `parts` is called each time, as a reload changes them. */
export function localInspector(parts: () => LocalParts): Inspector {
  return {
    calls: async (filter) => parts().recorder?.list(filter) ?? [],
    call: async (id) => parts().recorder?.find(id),
    connections: async () => parts().front?.figures() ?? noConnections,
    targetConnections: async () => connectionsOf(parts().upstreams ?? new Map()),
    lastFailures: async () => parts().lastFailures?.list() ?? [],
    waiters: async (limit) => waitersOf(parts(), limit),
    process: async () => parts().process?.figures(),
    dropped: async () =>
      Object.fromEntries(Object.entries(parts().dropped ?? {}).map(([what, count]) => [what, count()])),
    admission: async () => parts().admission?.figures(),
    inFlight: async () => parts().front?.inFlight() ?? 0,
  }
}

function connectionsOf(upstreams: ReadonlyMap<string, Upstream>): Readonly<Record<string, OpenConnections>> {
  return Object.fromEntries(
    [...upstreams.values()].map(({ name, client }) => {
      const { open, idle } = client.connections()
      return [name, { open, idle }]
    }),
  )
}

function waitersOf({ callbacks }: LocalParts, limit: number): WaitersFigures {
  if (callbacks === undefined) return { open: 0, waiters: [] }
  const { waiters } = callbacks
  return {
    open: waiters.count,
    waiters: waiters.list(limit).map(({ facts: { id, route, startedAtMs, expiresAtMs }, state }) => ({
      id,
      route,
      state: state === 'registered' ? 'registered' : 'acknowledged',
      startedAtMs,
      expiresAtMs,
    })),
  }
}
