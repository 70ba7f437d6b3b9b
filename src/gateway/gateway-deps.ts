import type { SimulatedBackends } from '../admin/resources/backends.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'

/** What a gateway takes from the program that starts it. */
export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  /** The folder of the configuration, where relative paths begin. */
  readonly folder?: string
  readonly log?: LogText
  /** Takes the lines of the access log, if the configuration asks for one. */
  readonly logLine?: (line: string) => void
  /** Lines of the log that were lost so far. */
  readonly logDropped?: () => number
  /** Instead of the configured one, for tests and benchmarks. */
  readonly store?: DeliveryStore
  /** Of the package. */
  readonly version?: string
  /** The simulated backends that run beside it, for the admin side to show and change. */
  readonly backends?: SimulatedBackends
  /** Has the configuration read again and put in force, for operators who ask for it. */
  readonly reload?: () => Promise<Reloaded>
  /** Once it is aborted, a gateway that starts ends instead: what it serves already is drained, and it rejects. */
  readonly stop?: AbortSignal | undefined
  /** Connections are handed to workers also where they could share the port. */
  readonly handsOut?: boolean
  /** `about`: the id of the call or delivery that met it. */
  readonly reportBug: (fault: unknown, about: string) => void
}
