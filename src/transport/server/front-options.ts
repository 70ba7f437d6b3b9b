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
  /** Several listeners, in several threads too, share the port: the kernel deals connections out among them. */
  readonly reusePort?: boolean
}

/** By what a front serves; all of it can be changed while it does. */
export interface FrontRules {
  readonly listen: ListenLimits
  readonly resolve: Resolve
  readonly proxies: TrustedProxies
  /** Decides whether a call is traced; without it none is. */
  readonly traceOf?: ((headers: HeaderPairs) => CallTrace | undefined) | undefined
}

export interface FrontOptions extends FrontRules {
  readonly clock: Clock
  readonly events: EventBus
  readonly newId: () => string
  /** Where is counted what is held for calls. */
  readonly memory?: HeldMemory
  /** Open ones of all workers, which `maxConnections` is for. */
  readonly connections?: Levels
  /** A connection could not be accepted, with the system's code for why. */
  readonly onAcceptFailed?: (code: string) => void
  readonly reportBug: (fault: unknown, call: LiveCall) => void
}

export interface ListenerOptions extends FrontOptions {
  readonly listen: ListenOptions
}
