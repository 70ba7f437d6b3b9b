import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { Admin } from './http-server.ts'
import type { OperatedParts, OperatorApi } from './operator-api.ts'

/** So long one that has moved may still answer: whoever asked for the reload there is to hear of it. */
const lastAnswerMs = 500

export interface AdminSideOptions {
  readonly clock: Clock
  readonly reportBug: (fault: unknown, about: string) => void
  /** Undefined where the configuration asks for none. */
  readonly start: (config: Config) => Promise<OperatorApi | undefined>
}

/** An admin side that is open for another configuration, beside the one before. */
export interface OpenedAdmin {
  /** The one before is needed no more. */
  settle(): void
  undo(): Promise<void>
}

/** The operators' side over all reloads: there or not, and at one address after the other. */
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

  /** Opens it if it is asked for at another address than before. Rejects if that cannot be listened on. */
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
      former.close().catch((fault: unknown) => reportBug(fault, 'the former admin side'))
    })
  }
}
