import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { Prepared, ReportBug } from '../kit/reload.ts'
import type { StartupError } from '../kit/startup-error.ts'

export interface ReloadFigures {
  readonly applied: number
  readonly refused: number
  /** Wall clock. */
  readonly lastAppliedAtMs: number
}

export interface ReloadsOptions {
  readonly clock: Clock
  readonly reportBug: ReportBug
  /** Prepares every part. */
  readonly prepare: (config: Config) => Promise<GatewayChange>
  /** The reason of a refusal; undefined if it is a bug of the gateway. */
  readonly reasonOf: (error: unknown, config: Config) => StartupError | undefined
}

/** The value resolves when every thread serves new calls by the configuration. */
export type GatewayChange = Required<Prepared<() => Promise<void>>>

/** The reloads of a gateway, one after another. */
export class Reloads {
  readonly #options: ReloadsOptions
  #figures: ReloadFigures
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: ReloadsOptions) {
    this.#options = options
    this.#figures = { applied: 0, refused: 0, lastAppliedAtMs: options.clock.wallNow() }
  }

  get figures(): ReloadFigures {
    return this.#figures
  }

  /** Resolves when no reload is under way. */
  get idle(): Promise<unknown> {
    return this.#last
  }

  /** Call this when a configuration was read that cannot be put in force. */
  refused(): void {
    this.#figures = { ...this.#figures, refused: this.#figures.refused + 1 }
  }

  reload(config: Config): Promise<Reloaded> {
    const reloaded = this.#last.then(() => this.#reload(config))
    this.#last = reloaded
    return reloaded
  }

  async #reload(config: Config): Promise<Reloaded> {
    const { clock, prepare, reasonOf, reportBug } = this.#options
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
