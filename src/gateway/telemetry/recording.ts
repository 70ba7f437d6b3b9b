import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { type CountingThread, startCounting } from '../../telemetry/counts/start-counting.ts'
import { LastFailures } from '../../telemetry/recorder/last-failures.ts'
import { Recorder } from '../../telemetry/recorder/recorder.ts'
import type { Redaction } from '../../telemetry/redact.ts'
import { countedParts, isCounted } from './metric-sources.ts'

interface RecordingDeps {
  readonly clock: Clock
  readonly events: EventBus
}

/** A configuration with the parts that depend on it. */
export interface RecordingChange {
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
export class Recording {
  readonly #deps: RecordingDeps
  #counting: CountingThread | undefined
  #kept: Kept | undefined

  constructor(config: Config, { clock, events, ...change }: RecordingDeps & RecordingChange) {
    this.#deps = { clock, events }
    this.#begin(config, change, Number.NEGATIVE_INFINITY)
  }

  get recorder(): Recorder | undefined {
    return this.#kept?.recorder
  }

  get lastFailures(): LastFailures | undefined {
    return this.#kept?.lastFailures
  }

  /** Switches to another configuration without losing calls in flight. */
  change(config: Config, change: RecordingChange): void {
    // Counting never stops once started: after a break the number of calls in flight would be unknown.
    this.#counting?.change(countedParts(config), change.block)
    this.#kept?.recorder.change(change.redaction)
    this.#begin(config, change, this.#deps.clock.now())
  }

  /** Frees whatever this configuration does not need: it is final, and no earlier one can return. */
  retire(config: Config): void {
    if (config.admin === undefined) this.#stopKeeping()
    this.#kept?.lastFailures.keepOnly(countedParts(config).targets)
  }

  close(): void {
    this.#counting?.close()
    this.#stopKeeping()
  }

  /** Starts parts that are enabled and not running yet. */
  #begin(config: Config, { redaction, block }: RecordingChange, sinceMs: number): void {
    const { clock, events } = this.#deps
    if (isCounted(config)) this.#counting ??= startCounting(events, { parts: countedParts(config), block, sinceMs })
    if (config.admin === undefined) return
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
