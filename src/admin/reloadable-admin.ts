import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { Admin } from './http-server.ts'
import type { OperatedParts, OperatorApi } from './operator-api.ts'

/**
 * How long the old address keeps answering after a move, so that the client that asked for the reload gets its answer.
 */
const lastAnswerMs = 500

export interface AdminSideOptions {
  readonly clock: Clock
  readonly reportBug: (error: unknown, about: string) => void
  /** Undefined if the configuration has no admin side. */
  readonly start: (config: Config) => Promise<OperatorApi | undefined>
}

/** An admin side opened for a new configuration while the previous one still runs. */
export interface OpenedAdmin {
  /** Closes the previous one. */
  settle(): void
  undo(): Promise<void>
}

/** The admin side across reloads, which may add it, remove it or move it to another address. */
export class ReloadableAdmin {
  readonly #options: AdminSideOptions
  readonly #former = new Set<OperatorApi>()
  #current: OperatorApi | undefined
  #config: Config['admin']

  constructor(options: AdminSideOptions) {
    this.#options = options
  }

  get current(): Admin | undefined {
    return this.#current
  }

  /** Opens a server if the configuration has another address than before. Rejects if it cannot listen there. */
  async open(config: Config): Promise<OpenedAdmin> {
    const [before, beforeConfig] = [this.#current, this.#config]
    const isSame =
      before !== undefined && beforeConfig?.host === config.admin?.host && beforeConfig?.port === config.admin?.port
    if (isSame) return { settle: () => {}, undo: () => Promise.resolve() }
    this.#current = await this.#options.start(config)
    this.#config = config.admin
    return {
      settle: () => before && this.#closeLater(before),
      undo: async () => {
        await this.#current?.close()
        this.#current = before
        this.#config = beforeConfig
      },
    }
  }

  change(config: Config, parts: OperatedParts): void {
    this.#current?.change(config, parts)
  }

  drain(): void {
    this.#current?.drain()
  }

  async close(): Promise<void> {
    for (const former of this.#former) await former.close()
    await this.#current?.close()
  }

  #closeLater(former: OperatorApi): void {
    const { clock, reportBug } = this.#options
    this.#former.add(former)
    clock.after(lastAnswerMs, () => {
      this.#former.delete(former)
      former.close().catch((error: unknown) => reportBug(error, 'closing the former admin server'))
    })
  }
}
