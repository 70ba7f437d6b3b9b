import { isDeepStrictEqual } from 'node:util'
import type { CallTrace } from '../../core/trace.ts'
import type { Change, Reloadable } from '../../kit/reload.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { Redaction, type RedactOptions } from '../redact.ts'
import type { TraceOptions } from './options.ts'
import { startTraces, type Traces } from './traces.ts'

export interface TracesConfig {
  /** Undefined: no call is traced. */
  readonly traces: TraceOptions | undefined
  readonly redact: RedactOptions
}

export interface TracesChange extends Change {
  /** Undefined if the prepared configuration traces no call. */
  readonly traces: Traces | undefined
}

/**
 * Traces across reloads. Calls in flight are still traced as they began, so two exporters may be open at a time: each
 * call goes to the one that began its trace, and to the current one if that has closed or was in another thread.
 */
export class ReloadableTraces implements Reloadable<TracesConfig, TracesChange> {
  readonly #runtime: Runtime
  #config: TracesConfig = { traces: undefined, redact: { headers: [], query: [] } }
  #current: Traces | undefined
  /** Replaced, but open for the calls whose traces they began. */
  readonly #former = new Set<Traces>()
  /** Spans dropped by closed ones. */
  #droppedBefore = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get current(): Traces | undefined {
    return this.#current
  }

  /** Spans dropped so far. */
  get dropped(): number {
    const open = [...this.#former, ...(this.#current === undefined ? [] : [this.#current])]
    return open.reduce((sum, traces) => sum + traces.counts().dropped, this.#droppedBefore)
  }

  /** New traces may have to load their libraries first. */
  async prepare(next: TracesConfig): Promise<TracesChange> {
    const before = this.#current
    const isKept = isDeepStrictEqual(next, this.#config)
    const traces = isKept ? before : await this.#start(next)
    return {
      traces,
      commit: () => {
        this.#config = next
        this.#current = traces
        if (before !== undefined && !isKept) this.#former.add(before)
      },
      rollback: async () => {
        if (!isKept) await traces?.close()
      },
      retired: async () => {
        if (before !== undefined && !isKept) await this.#end(before)
      },
    }
  }

  /** Sends the waiting spans. */
  async close(): Promise<void> {
    await Promise.all([this.#current?.close(), ...[...this.#former].map((traces) => traces.close())])
  }

  async #start({ traces: options, redact }: TracesConfig): Promise<Traces | undefined> {
    if (options === undefined) return undefined
    const traces: Traces = await startTraces(options, {
      ...this.#runtime,
      redaction: new Redaction(redact),
      exports: (trace) => this.#exporterOf(trace) === traces,
    })
    return traces
  }

  #exporterOf(trace: CallTrace): Traces | undefined {
    for (const former of this.#former) if (former.began(trace)) return former
    return this.#current ?? [...this.#former].at(-1)
  }

  async #end(traces: Traces): Promise<void> {
    await traces.close()
    if (this.#former.delete(traces)) this.#droppedBefore += traces.counts().dropped
  }
}
