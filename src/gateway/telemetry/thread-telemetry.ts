import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import type { LogText } from '../../kit/log-text.ts'
import { processProbe } from '../../kit/process-probe.ts'
import type { Random } from '../../kit/random.ts'
import type { Change, Reloadable } from '../../kit/reload.ts'
import { startAccessLog } from '../../telemetry/access-log/access-log.ts'
import { Redaction } from '../../telemetry/redact.ts'
import { startTraces, type Traces } from '../../telemetry/traces/traces.ts'
import { TrustedProxies } from '../../transport/server/proxies.ts'
import type { LocalParts } from '../inspect/local.ts'
import { Recording } from './recording.ts'

export interface ObservingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  /** Where this thread counts, if the counts can be read. */
  readonly block: ArrayBufferLike
  readonly log: LogText
  /** Writes lines of the access log; undefined: no access log. */
  readonly logLine?: ((line: string) => void) | undefined
  /** Log lines lost so far. */
  readonly logDropped?: (() => number) | undefined
  readonly reportBug: (error: unknown, about: string) => void
}

export interface ObservedConfig {
  readonly config: Config
  /** Where this thread counts with it. */
  readonly block: ArrayBufferLike
}

export interface TelemetryChange extends Change {
  /** Set if the prepared configuration enables tracing. */
  readonly traces: Traces | undefined
}

/** Everything that observes the calls of one thread and changes none of them. Disabled parts cost nothing. */
export class ThreadTelemetry implements Reloadable<ObservedConfig, TelemetryChange> {
  readonly #options: ObservingOptions
  readonly #probe: ReturnType<typeof processProbe>
  #config: Config
  readonly #recording: Recording
  #traces: Traces | undefined
  #stopLog: (() => void) | undefined
  /** Spans dropped by former collectors. */
  #spansDropped = 0

  private constructor(config: Config, options: ObservingOptions) {
    this.#config = config
    this.#options = options
    this.#probe = processProbe(options.clock)
    this.#recording = new Recording(config, { ...options, redaction: redactionOf(config) })
  }

  static async start(config: Config, options: ObservingOptions): Promise<ThreadTelemetry> {
    const telemetry = new ThreadTelemetry(config, options)
    telemetry.#stopLog = telemetry.#accessLog(config)
    telemetry.#traces = await telemetry.#trace(config)
    return telemetry
  }

  /** Set when tracing is enabled. */
  get traces(): Traces | undefined {
    return this.#traces
  }

  get server(): Pick<LocalParts, 'recorder' | 'lastFailures' | 'process' | 'dropped'> {
    const { logDropped } = this.#options
    return {
      recorder: this.#recording.recorder,
      lastFailures: this.#recording.lastFailures,
      process: this.#probe,
      dropped: {
        ...(logDropped !== undefined && { log_lines: logDropped }),
        spans: () => this.#spansDropped + (this.#traces?.counts().dropped ?? 0),
      },
    }
  }

  /** New traces may have to load their libraries first. */
  async prepare({ config, block }: ObservedConfig): Promise<TelemetryChange> {
    const before = this.#traces
    const isTracedAnew = !isDeepStrictEqual(tracing(config), tracing(this.#config))
    const traces = isTracedAnew ? await this.#trace(config) : before
    return {
      traces,
      commit: () => this.#follow(config, traces, block),
      rollback: async () => {
        if (isTracedAnew) await traces?.close()
      },
      // Calls in flight are still traced as they began.
      retired: async () => {
        // A later reload may have changed the configuration meanwhile.
        if (this.#config === config) this.#recording.retire(config)
        if (isTracedAnew) await this.#end(before)
      },
    }
  }

  /** Sends buffered data and stops listening. */
  async close(): Promise<void> {
    this.#probe.close()
    this.#recording.close()
    this.#stopLog?.()
    await this.#traces?.close()
  }

  #follow(config: Config, traces: Traces | undefined, block: ArrayBufferLike): void {
    this.#recording.change(config, { redaction: redactionOf(config), block })
    this.#stopLog?.()
    this.#stopLog = this.#accessLog(config)
    this.#traces = traces
    this.#config = config
  }

  async #end(traces: Traces | undefined): Promise<void> {
    if (traces === undefined) return
    await traces.close()
    this.#spansDropped += traces.counts().dropped
  }

  async #trace({ telemetry }: Config): Promise<Traces | undefined> {
    const { traces, log } = telemetry
    return traces && startTraces(traces, { ...this.#options, redaction: new Redaction(log.redact) })
  }

  #accessLog(config: Config): (() => void) | undefined {
    const { logLine } = this.#options
    if (logLine === undefined || !config.telemetry.log.access) return undefined
    const proxies = new TrustedProxies(config.trust)
    const trusts = (address: string): boolean => proxies.trusts(address)
    const redaction = redactionOf(config)
    return startAccessLog(config.telemetry.log, { ...this.#options, redaction, trusts, write: logLine })
  }
}

/** The options that traces are built from. */
function tracing({ telemetry: { traces, log } }: Config) {
  return { traces, redact: log.redact }
}

function redactionOf({ telemetry }: Config): Redaction {
  return new Redaction(telemetry.log.redact)
}
