import type { HeaderPairs } from '../../core/headers.ts'
import type { CallTrace } from '../../core/trace.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import type { HeldMemory } from '../../kit/held-memory.ts'
import type { LiveCall } from '../../kit/live-call.ts'
import type { Levels } from '../../kit/shared-memory.ts'
import type { ListenLimits } from './http-server.ts'
import type { TrustedProxies } from './proxies.ts'
import type { Resolve } from './route-handler.ts'

export interface ListenOptions extends ListenLimits {
  readonly host: string
  readonly port: number
  /** Lets several listeners, also in several threads, share the port: the kernel distributes connections among them. */
  readonly reusePort?: boolean
}

/** The rules that a front serves by; all of them can be changed while it runs. */
export interface FrontRules {
  readonly listen: ListenLimits
  readonly resolve: Resolve
  readonly proxies: TrustedProxies
  /** Decides whether a call is traced; undefined: no call is. */
  readonly traceOf?: ((headers: HeaderPairs) => CallTrace | undefined) | undefined
}

export interface FrontOptions extends FrontRules {
  readonly clock: Clock
  readonly events: EventBus
  readonly newId: () => string
  /** Counts the memory held for calls. */
  readonly memory?: HeldMemory
  /** Open connections of all workers; `maxConnections` limits their sum. */
  readonly connections?: Levels
  /** Called with the system's error code when a connection could not be accepted. */
  readonly onAcceptFailed?: (code: string) => void
  readonly reportBug: (error: unknown, call: LiveCall) => void
}

export interface ListenerOptions extends FrontOptions {
  readonly listen: ListenOptions
}
