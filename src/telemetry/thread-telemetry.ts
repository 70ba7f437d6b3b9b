import { processProbe } from '../kit/process-probe.ts'
import { type Change, prepareAll, type Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import { startAccessLog } from './access-log/access-log.ts'
import { CallObservers } from './call-observers.ts'
import type { LastFailures } from './recorder/last-failures.ts'
import type { Recorder } from './recorder/recorder.ts'
import { Redaction } from './redact.ts'
import type { TelemetryConfig } from './telemetry-config.ts'
import { ReloadableTraces } from './traces/reloadable-traces.ts'
import type { Traces } from './traces/traces.ts'

export interface ThreadTelemetryOptions {
  /** Writes lines of the access log; undefined: no access log. */
  readonly logLine?: ((line: string) => void) | undefined
  /** Log lines lost so far. */
  readonly logDropped?: (() => number) | undefined
}

export interface ThreadTelemetryConfig {
  readonly telemetry: TelemetryConfig
  /** Where this thread counts with it, if the counts can be read. */
  readonly block: ArrayBufferLike
}

export interface TelemetryChange extends Change {
  /** Set if the prepared configuration enables tracing. */
  readonly traces: Traces | undefined
}

/** The answers of this thread to operators. */
export interface InspectedTelemetry {
  readonly recorder: Recorder | undefined
  readonly lastFailures: LastFailures | undefined
  readonly process: ReturnType<typeof processProbe>
  /** How much was dropped so far, by the name of what is dropped. */
  readonly dropped: Readonly<Record<string, () => number>>
}

/** Everything that observes the calls of one thread and changes none of them. Disabled parts cost nothing. */
export class ThreadTelemetry implements Reloadable<ThreadTelemetryConfig, TelemetryChange> {
  readonly #runtime: Runtime
  readonly #options: ThreadTelemetryOptions
  readonly #probe: ReturnType<typeof processProbe>
  readonly #observers: CallObservers
  readonly #traces: ReloadableTraces
  #config: TelemetryConfig
  #stopLog: (() => void) | undefined

  private constructor(runtime: Runtime, options: ThreadTelemetryOptions, { telemetry, block }: ThreadTelemetryConfig) {
    this.#runtime = runtime
    this.#options = options
    this.#config = telemetry
    this.#probe = processProbe(runtime.clock)
    this.#observers = new CallObservers(runtime, { telemetry, redaction: new Redaction(telemetry.log.redact), block })
    this.#traces = new ReloadableTraces(runtime)
    this.#stopLog = this.#accessLog(telemetry)
  }

  static async start(
    runtime: Runtime,
    options: ThreadTelemetryOptions,
    config: ThreadTelemetryConfig,
  ): Promise<ThreadTelemetry> {
    const thread = new ThreadTelemetry(runtime, options, config)
    const traces = await thread.#traces.prepare(tracing(config.telemetry))
    traces.commit()
    return thread
  }

  /** Set when tracing is enabled. */
  get traces(): Traces | undefined {
    return this.#traces.current
  }

  get inspected(): InspectedTelemetry {
    const { logDropped } = this.#options
    return {
      recorder: this.#observers.recorder,
      lastFailures: this.#observers.lastFailures,
      process: this.#probe,
      dropped: { ...(logDropped !== undefined && { log_lines: logDropped }), spans: () => this.#traces.dropped },
    }
  }

  async prepare({ telemetry, block }: ThreadTelemetryConfig): Promise<TelemetryChange> {
    const change = await prepareAll(async (join) => {
      const { traces } = await join(this.#traces.prepare(tracing(telemetry)))
      await join(this.#follow(telemetry, block))
      return traces
    }, this.#runtime.reportBug)
    return { ...change, traces: change.value }
  }

  /** Sends buffered data and stops listening. */
  async close(): Promise<void> {
    this.#probe.close()
    this.#observers.close()
    this.#stopLog?.()
    await this.#traces.close()
  }

  #follow(telemetry: TelemetryConfig, block: ArrayBufferLike): Change {
    return {
      commit: () => {
        this.#observers.change({ telemetry, redaction: new Redaction(telemetry.log.redact), block })
        this.#stopLog?.()
        this.#stopLog = this.#accessLog(telemetry)
        this.#config = telemetry
      },
      rollback: () => {},
      retired: async () => {
        // A later reload may have changed the configuration meanwhile.
        if (this.#config === telemetry) this.#observers.retire(telemetry)
      },
    }
  }

  #accessLog({ log, trust }: TelemetryConfig): (() => void) | undefined {
    const { logLine } = this.#options
    if (logLine === undefined || !log.access) return undefined
    const proxies = new TrustedProxies(trust)
    const trusts = (address: string): boolean => proxies.trusts(address)
    return startAccessLog(log, { ...this.#runtime, redaction: new Redaction(log.redact), trusts, write: logLine })
  }
}

/** The options that traces are built from. */
function tracing({ traces, log }: TelemetryConfig) {
  return { traces, redact: log.redact }
}
