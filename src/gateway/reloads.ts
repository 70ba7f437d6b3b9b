import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import { Mutex } from '../kit/mutex.ts'
import type { Prepared } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { StartupError } from '../kit/startup-error.ts'

export interface ReloadFigures {
  readonly applied: number
  readonly refused: number
  /** Wall clock. */
  readonly lastAppliedAtMs: number
}

export interface ReloadsOptions {
  /** Prepares every part. */
  readonly prepare: (config: Config) => Promise<GatewayChange>
  /** The reason of a refusal; undefined if it is a bug of the gateway. */
  readonly reasonOf: (error: unknown, config: Config) => StartupError | undefined
}

/** The value resolves when every thread serves new calls by the configuration. */
export type GatewayChange = Required<Prepared<() => Promise<void>>>

/** The reloads of a gateway, one after another. */
export class Reloads {
  readonly #runtime: Pick<Runtime, 'clock' | 'reportBug'>
  readonly #options: ReloadsOptions
  #figures: ReloadFigures
  readonly #oneByOne = new Mutex()

  constructor(runtime: Pick<Runtime, 'clock' | 'reportBug'>, options: ReloadsOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#figures = { applied: 0, refused: 0, lastAppliedAtMs: runtime.clock.wallNow() }
  }

  get figures(): ReloadFigures {
    return this.#figures
  }

  /** Resolves when no reload is under way. */
  get idle(): Promise<void> {
    return this.#oneByOne.idle()
  }

  /** Call this when a configuration was read that cannot be put in force. */
  refused(): void {
    this.#figures = { ...this.#figures, refused: this.#figures.refused + 1 }
  }

  reload(config: Config): Promise<Reloaded> {
    return this.#oneByOne.run(() => this.#reload(config))
  }

  async #reload(config: Config): Promise<Reloaded> {
    const { prepare, reasonOf } = this.#options
    const { clock, reportBug } = this.#runtime
    try {
      const { commit, value: inForce, retired } = await prepare(config)
      commit()
      void retired()
      await inForce()
      this.#figures = { ...this.#figures, applied: this.#figures.applied + 1, lastAppliedAtMs: clock.wallNow() }
      return { ok: true }
    } catch (error) {
      this.refused()
      const reason = reasonOf(error, config)
      if (reason === undefined) reportBug(error, 'the reload')
      return { ok: false, errors: [reason?.message ?? String(error)], at: reason?.at }
    }
  }
}
