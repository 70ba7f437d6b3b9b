import type { AddressInfo } from 'node:net'
import type { Inspector } from '../admin/inspector.ts'
import type { Keys } from '../callback/token.ts'
import type { Workers } from '../config/workers.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { WorkerCounts } from '../telemetry/metrics/sources.ts'
import { Server, type ServerConfig, type ServerOptions } from './server.ts'

export interface ServersChange extends Change {
  /** Call this after the commit. Resolves when every thread serves new calls by the configuration. */
  inForce(): Promise<void>
  retired(): Promise<void>
}

/** The servers of a gateway, in one thread or several. */
export interface ServerGroup extends Reloadable<ServerConfig, ServersChange> {
  /** Rejects if the address cannot be listened on, and soon after `stop` is aborted. */
  start(next: ServerConfig, stop?: AbortSignal): Promise<AddressInfo>
  /** Why this number of workers requires a restart; undefined if it does not. */
  refusal(workers: Workers): StartupError | undefined
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
  readonly #runtime: Runtime
  readonly #options: ServerOptions
  #server: Server | undefined

  constructor(runtime: Runtime, options: ServerOptions) {
    this.#runtime = runtime
    this.#options = options
  }

  async start(next: ServerConfig): Promise<AddressInfo> {
    this.#server = await Server.start(this.#runtime, this.#options, next)
    return this.#server.address
  }

  refusal(workers: Workers): StartupError | undefined {
    if (workers === 1) return undefined
    return new StartupError('workers cannot change from 1 while the gateway runs: restart it', ['workers'])
  }

  async prepare(next: ServerConfig): Promise<ServersChange> {
    if (this.#server === undefined) throw new Error('the server has not been started yet')
    const change = await this.#server.prepare(next)
    return { ...change, inForce: () => Promise.resolve() }
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
