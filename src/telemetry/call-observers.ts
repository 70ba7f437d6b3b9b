import type { Runtime } from '../kit/runtime.ts'
import { type CountingThread, startCounting } from './counts/start-counting.ts'
import { LastFailures } from './recorder/last-failures.ts'
import { Recorder } from './recorder/recorder.ts'
import type { Redaction } from './redact.ts'
import type { TelemetryConfig } from './telemetry-config.ts'

/** A configuration with the parts that depend on it. */
export interface ObserversConfig {
  readonly telemetry: TelemetryConfig
  readonly redaction: Redaction
  /** The block of this thread's writer for this configuration. */
  readonly block: ArrayBufferLike
}

/** Exists only with the admin API, which displays it. */
interface Kept {
  readonly recorder: Recorder
  readonly lastFailures: LastFailures
}

/** Event listeners in a thread that serves calls. Parts that the configuration does not enable cost nothing. */
export class CallObservers {
  readonly #runtime: Pick<Runtime, 'clock' | 'events'>
  #counting: CountingThread | undefined
  #kept: Kept | undefined

  constructor(runtime: Pick<Runtime, 'clock' | 'events'>, config: ObserversConfig) {
    this.#runtime = runtime
    this.#begin(config, Number.NEGATIVE_INFINITY)
  }

  get recorder(): Recorder | undefined {
    return this.#kept?.recorder
  }

  get lastFailures(): LastFailures | undefined {
    return this.#kept?.lastFailures
  }

  /** Switches to another configuration without losing calls in flight. */
  change(config: ObserversConfig): void {
    // Counting never stops once started: after a break the number of calls in flight would be unknown.
    this.#counting?.change(config.telemetry.counted, config.block)
    this.#kept?.recorder.change(config.redaction)
    this.#begin(config, this.#runtime.clock.now())
  }

  /** Frees whatever this configuration does not need: it is final, and no earlier one can return. */
  retire({ isShown, counted }: TelemetryConfig): void {
    if (!isShown) this.#stopKeeping()
    this.#kept?.lastFailures.keepOnly(counted.targets)
  }

  close(): void {
    this.#counting?.close()
    this.#stopKeeping()
  }

  /** Starts parts that are enabled and not running yet. */
  #begin({ telemetry, redaction, block }: ObserversConfig, sinceMs: number): void {
    const { clock, events } = this.#runtime
    const { counted, isCounted, isShown } = telemetry
    if (isCounted) this.#counting ??= startCounting(events, { parts: counted, block, sinceMs })
    if (!isShown) return
    this.#kept ??= {
      recorder: new Recorder({ clock, events, redaction }),
      lastFailures: new LastFailures({ clock, events }),
    }
  }

  #stopKeeping(): void {
    this.#kept?.recorder.close()
    this.#kept?.lastFailures.close()
    this.#kept = undefined
  }
}
