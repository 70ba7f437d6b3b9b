import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
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

/** The admin side across reloads, which may add it, remove it or move it to another address. */
export class ReloadableAdmin implements Reloadable<Config> {
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

  /**
   * Opens a server if the configuration has another address than before; it answers for that configuration already.
   * Rejects if it cannot listen there.
   */
  async prepare(config: Config): Promise<Change> {
    const [before, { admin: next }] = [this.#current, config]
    const isKept = before !== undefined && this.#config?.host === next?.host && this.#config?.port === next?.port
    const opened = isKept ? before : await this.#options.start(config)
    return {
      commit: () => {
        this.#current = opened
        this.#config = next
        if (before !== undefined && !isKept) this.#closeLater(before)
      },
      rollback: async () => {
        if (!isKept) await opened?.close()
      },
    }
  }

  /** Call this after the commit, once the parts of the configuration are in force. */
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
