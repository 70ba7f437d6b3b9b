import type { AddressInfo } from 'node:net'
import type { Inspector } from '../admin/inspector.ts'
import type { Keys } from '../callback/token.ts'
import type { Config } from '../config/schema.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { WorkerCounts } from '../telemetry/metrics/sources.ts'
import { Server, type ServerOptions } from './server.ts'

/** The servers of a gateway, in one thread or several. */
export interface ServerGroup {
  /** Rejects if the address cannot be listened on, and soon after `stop` is aborted. */
  start(config: Config, stop?: AbortSignal): Promise<AddressInfo>
  /** Why this configuration cannot be put in force without a restart; undefined if it can. */
  refusal(config: Config): StartupError | undefined
  /** Applies to new calls. Rejects, with nothing changed, if a new address cannot be listened on. */
  reload(config: Config): Promise<void>
  /** Resolves when all calls that began before the last reload have ended. */
  settled(): Promise<void>
  /** Updates the keys that sign callback URLs. */
  learnKeys(keys: Keys): void
  views(): readonly Inspector[]
  counts(): WorkerCounts
  /** Accepts no new connections; resolves when the last call has ended. */
  drain(): Promise<void>
  close(): Promise<void>
}

/** A single server in this thread. */
export class SingleThread implements ServerGroup {
  readonly #options: ServerOptions
  #server: Server | undefined

  constructor(options: ServerOptions) {
    this.#options = options
  }

  async start(config: Config): Promise<AddressInfo> {
    this.#server = await Server.start(config, this.#options)
    return this.#server.address
  }

  refusal({ workers }: Config): StartupError | undefined {
    if (workers === 1) return undefined
    return new StartupError('workers cannot change from 1 while the gateway runs: restart it', ['workers'])
  }

  async reload(config: Config): Promise<void> {
    await this.#server?.reload(config)
  }

  async settled(): Promise<void> {
    await this.#server?.settled()
  }

  learnKeys(): void {
    // Nothing to do: keys are read from the main thread each time.
  }

  views(): readonly Inspector[] {
    return this.#server === undefined ? [] : [this.#server.view]
  }

  counts(): WorkerCounts {
    return { running: 1, exits: { died: 0, idle: 0, reload: 0 }, lostCalls: 0 }
  }

  async drain(): Promise<void> {
    await this.#server?.drain()
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}
