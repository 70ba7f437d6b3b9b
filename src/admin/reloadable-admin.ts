import type { Config } from '../config/schema.ts'
import type { Timer } from '../kit/clock.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { Admin } from './http-server.ts'
import type { OperatedParts, OperatorApi } from './operator-api.ts'

/**
 * How long the old address keeps answering after a move, so that the client that asked for the reload gets its answer.
 */
const lastAnswerMs = 500

/** Undefined if the configuration has no admin side. */
export type StartAdmin = (config: Config) => Promise<OperatorApi | undefined>

/** An admin server with the address that was configured for it; its port may be 0. */
interface Listening {
  readonly server: OperatorApi
  readonly wanted: Address
}

type Address = Pick<NonNullable<Config['admin']>, 'host' | 'port'>

/** The admin side across reloads, which may add it, remove it or move it to another address. */
export class ReloadableAdmin implements Reloadable<Config> {
  readonly #runtime: Pick<Runtime, 'clock' | 'reportBug'>
  readonly #start: StartAdmin
  /** At former addresses, each until its timer closes it. */
  readonly #former = new Map<Listening, Timer>()
  #current: Listening | undefined

  constructor(runtime: Pick<Runtime, 'clock' | 'reportBug'>, start: StartAdmin) {
    this.#runtime = runtime
    this.#start = start
  }

  get current(): Admin | undefined {
    return this.#current?.server
  }

  /**
   * Opens a server if none listens at the configured address; it answers for that configuration already. A reload that
   * soon follows a move may move it back: the former server still has the port, and is used again. Rejects if it cannot
   * listen there.
   */
  async prepare(config: Config): Promise<Change> {
    const before = this.#current
    const former = this.#formerAt(config.admin)
    const known = isAt(before, config.admin) ? before : former
    if (former !== undefined) this.#cancelClose(former)
    const next = known ?? (await this.#open(config))
    return {
      commit: () => {
        this.#current = next
        if (before !== undefined && before !== next) this.#closeLater(before)
      },
      rollback: async () => {
        if (former !== undefined) this.#closeLater(former)
        else if (known === undefined) await next?.server.close()
      },
    }
  }

  /** Call this after the commit, once the parts of the configuration are in force. */
  change(config: Config, parts: OperatedParts): void {
    this.#current?.server.change(config, parts)
  }

  drain(): void {
    this.#current?.server.drain()
  }

  async close(): Promise<void> {
    for (const former of this.#former.keys()) {
      this.#cancelClose(former)
      await former.server.close()
    }
    await this.#current?.server.close()
  }

  async #open(config: Config): Promise<Listening | undefined> {
    const server = await this.#start(config)
    return server && config.admin && { server, wanted: config.admin }
  }

  #formerAt(wanted: Address | undefined): Listening | undefined {
    return [...this.#former.keys()].find((former) => isAt(former, wanted))
  }

  #cancelClose(former: Listening): void {
    this.#former.get(former)?.cancel()
    this.#former.delete(former)
  }

  #closeLater(former: Listening): void {
    const { clock, reportBug } = this.#runtime
    const timer = clock.after(lastAnswerMs, () => {
      this.#former.delete(former)
      former.server.close().catch((error: unknown) => reportBug(error, 'closing the former admin server'))
    })
    this.#former.set(former, timer)
  }
}

/** A server opened on port 0 is also at the port that it was given. */
function isAt(listening: Listening | undefined, next: Address | undefined): boolean {
  if (listening === undefined || next === undefined) return false
  const { wanted, server } = listening
  return wanted.host === next.host && (wanted.port === next.port || server.address.port === next.port)
}
