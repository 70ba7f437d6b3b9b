import { isIP } from 'node:net'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { LogText } from '../kit/log-text.ts'
import { type ProcessProbe, processProbe } from '../kit/process-probe.ts'
import type { Random } from '../kit/random.ts'
import { startAccessLog } from '../telemetry/access-log/access-log.ts'
import type { Metrics } from '../telemetry/metrics/metrics.ts'
import { Redaction } from '../telemetry/redact.ts'
import { startTraces, type Traces } from '../telemetry/traces/traces.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import { startMetrics } from './metering.ts'
import type { Upstream } from './upstreams.ts'
import { startWatching, type Watching } from './watching.ts'

export interface ObservingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly log: LogText
  /** Takes the lines of the access log; without it there is none. */
  readonly logLine?: ((line: string) => void) | undefined
  /** Lines of the log that were lost so far. */
  readonly logDropped?: (() => number) | undefined
  readonly logFault: (fault: unknown, about: string) => void
}

/** All that listens to the calls and changes none of them. */
export interface Observing {
  /** These two are there where somebody can read them: on the admin side, or at `metrics.path`. */
  readonly metrics: Metrics | undefined
  readonly process: ProcessProbe | undefined
  /** There where the configuration asks for an admin side, which is what shows it. */
  readonly watching: Watching | undefined
  /** There where the configuration asks for traces. */
  readonly traces: Traces | undefined
  /** What must not be shown. */
  readonly redaction: Redaction
  /** Sends out what is still held, and stops listening. */
  close(): Promise<void>
}

/** Starts every listener that the configuration asks for; what it does not ask for costs nothing. */
export async function startObserving(config: Config, options: ObservingOptions): Promise<Observing> {
  const closers: (() => void | Promise<void>)[] = []
  const isRead = config.admin !== undefined || config.metrics.path !== undefined
  const probe = isRead ? processProbe(options.clock) : undefined
  if (probe !== undefined) closers.push(() => probe.close())
  const metrics = isRead ? startMetrics(config, options) : undefined
  if (metrics !== undefined) closers.push(() => metrics.close())
  if (probe !== undefined) metrics?.connect({ process: probe })
  const redaction = new Redaction(config.telemetry.log.redact)
  const watching = config.admin && probe && startWatching(config, { ...options, redaction, process: probe })
  if (watching !== undefined) closers.push(() => watching.close())
  const stopLog = accessLog(config, options, redaction)
  if (stopLog !== undefined) closers.push(stopLog)
  if (options.logDropped !== undefined) metrics?.connect({ dropped: { log_lines: options.logDropped } })
  const { traces: traceOptions } = config.telemetry
  const traces = traceOptions && (await startTraces(traceOptions, { ...options, redaction }))
  if (traces !== undefined) closers.push(() => traces.close())
  if (traces !== undefined) metrics?.connect({ dropped: { spans: () => traces.counts().dropped } })
  return {
    metrics,
    process: probe,
    watching,
    traces,
    redaction,
    close: async () => {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
    },
  }
}

function accessLog(config: Config, options: ObservingOptions, redaction: Redaction): (() => void) | undefined {
  const { logLine } = options
  if (logLine === undefined || !config.telemetry.log.access) return undefined
  const proxies = new TrustedProxies(config.trust)
  const trusts = (address: string): boolean => isIP(address) !== 0 && proxies.trusts(address)
  return startAccessLog(config.telemetry.log, { ...options, redaction, trusts, write: logLine })
}
