import type { SimulatedBackends } from '../admin/resources/backends.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'

/** Dependencies that the starting program passes to a gateway. */
export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  /** The folder of the configuration; relative paths start here. */
  readonly folder?: string
  readonly log?: LogText
  /** Writes lines of the access log, if the configuration enables it. */
  readonly logLine?: (line: string) => void
  /** Log lines lost so far. */
  readonly logDropped?: () => number
  /** Replaces the configured store in tests and benchmarks. */
  readonly store?: DeliveryStore
  /** The package's version. */
  readonly version?: string
  /** Simulated backends in the same process, shown and changed by the admin API. */
  readonly backends?: SimulatedBackends
  /** Reads the configuration again and puts it in force, at an operator's request. */
  readonly reload?: () => Promise<Reloaded>
  /** Aborting ends a gateway that is still starting: it drains the calls it already serves, and the start rejects. */
  readonly stop?: AbortSignal | undefined
  /** The operating system; default: the one that this process runs on. */
  readonly platform?: NodeJS.Platform
  /** `about`: the id of the affected call or delivery. */
  readonly reportBug: (error: unknown, about: string) => void
}
