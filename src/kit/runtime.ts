import type { Clock } from './clock.ts'
import type { EventBus } from './event-bus.ts'
import type { LogText } from './log-text.ts'
import type { Random } from './random.ts'
import type { ReportBug } from './reload.ts'
import type { SharedMemory } from './shared-memory.ts'

/**
 * What every long-lived part of one thread works with. Parts that live as long as the thread take it whole; functions
 * take the one thing that they need.
 */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  /** Shared by all threads of the gateway. */
  readonly memory: SharedMemory
  /** Events of this thread's calls. */
  readonly events: EventBus
  readonly log: LogText
  readonly reportBug: ReportBug
}
