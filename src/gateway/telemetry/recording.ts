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

/** What depends on the configuration, with it. */
export interface RecordingChange {
  readonly redaction: Redaction
  /** What this thread counts into: its writer's, made for this configuration. */
  readonly block: ArrayBufferLike
}

/** What is there where the configuration asks for an admin side, which is what shows it. */
interface Kept {
  readonly recorder: Recorder
  readonly lastFailures: LastFailures
}

/** What listens in a thread that serves calls, for others to read. What the configuration does not ask for costs nothing. */
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

  /** From now on by another configuration. Calls in flight are not lost. */
  change(config: Config, change: RecordingChange): void {
    // What has begun to count counts on: how much is in flight could not be known again after a break.
    this.#counting?.change(countedParts(config), change.block)
    this.#kept?.recorder.change(change.redaction)
    this.#begin(config, change, this.#deps.clock.now())
  }

  /** Forgets what this configuration does not ask for: it is the one that is in force, and none before it will be again. */
  settle(config: Config): void {
    if (config.admin === undefined) this.#stopKeeping()
    this.#kept?.lastFailures.keepOnly(countedParts(config).targets)
  }

  close(): void {
    this.#counting?.close()
    this.#stopKeeping()
  }

  /** What is asked for and not there yet. */
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
