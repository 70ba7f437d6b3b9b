import type { AddressInfo } from 'node:net'
import type { Inspector } from '../admin/inspector.ts'
import type { Keys } from '../callback/token.ts'
import type { Config } from '../config/schema.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { WorkerCounts } from '../telemetry/metrics/sources.ts'
import { Server, type ServerOptions } from './server.ts'

/** The servers of a gateway, in one thread or several. */
export interface ServerGroup {
  /** Rejects if the address cannot be listened on, and soon once `stop` is aborted. */
  start(config: Config, stop?: AbortSignal): Promise<AddressInfo>
  /** Why they cannot take this configuration up while they run; undefined if they can. */
  refusal(config: Config): StartupError | undefined
  /** Calls that begin from now on go by it. Rejects, with nothing changed, if another address cannot be listened on. */
  reload(config: Config): Promise<void>
  /** Resolves when the calls have ended that began before the last reload. */
  settled(): Promise<void>
  /** What callback URLs are signed with has changed. */
  learnKeys(keys: Keys): void
  views(): readonly Inspector[]
  counts(): WorkerCounts
  /** No more connections; resolves when the last call has ended. */
  drain(): Promise<void>
  close(): Promise<void>
}

/** One, in this thread. */
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
    return new StartupError('workers is 1 while this gateway runs, all in one thread: restart it to have more', [
      'workers',
    ])
  }

  async reload(config: Config): Promise<void> {
    await this.#server?.reload(config)
  }

  async settled(): Promise<void> {
    await this.#server?.settled()
  }

  learnKeys(): void {
    // They are asked of the main thread each time.
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
