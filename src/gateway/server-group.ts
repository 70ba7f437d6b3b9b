import type { AddressInfo } from 'node:net'
import type { PlaneView } from '../admin/inspector.ts'
import type { Keys } from '../callback/token.ts'
import type { Config } from '../config/schema.ts'
import { StartFault } from '../kit/startup-error.ts'
import type { WorkerCounts } from '../telemetry/metrics/sources.ts'
import { DataPlane, type DataPlaneOptions } from './server.ts'

/** The data planes of a gateway, in one thread or several. */
export interface Planes {
  /** Rejects if the address cannot be listened on, and soon once `stop` is aborted. */
  start(config: Config, stop?: AbortSignal): Promise<AddressInfo>
  /** Why they cannot take this configuration up while they run; undefined if they can. */
  refusal(config: Config): StartFault | undefined
  /** Calls that begin from now on go by it. Rejects, with nothing changed, if another address cannot be listened on. */
  reload(config: Config): Promise<void>
  /** Resolves when the calls have ended that began before the last reload. */
  settled(): Promise<void>
  /** What callback URLs are signed with has changed. */
  learnKeys(keys: Keys): void
  views(): readonly PlaneView[]
  counts(): WorkerCounts
  /** No more connections; resolves when the last call has ended. */
  drain(): Promise<void>
  close(): Promise<void>
}

/** One, in this thread. */
export class PlaneHere implements Planes {
  readonly #options: DataPlaneOptions
  #plane: DataPlane | undefined

  constructor(options: DataPlaneOptions) {
    this.#options = options
  }

  async start(config: Config): Promise<AddressInfo> {
    this.#plane = await DataPlane.start(config, this.#options)
    return this.#plane.address
  }

  refusal({ workers }: Config): StartFault | undefined {
    if (workers === 1) return undefined
    return new StartFault('workers is 1 while this gateway runs, all in one thread: restart it to have more', [
      'workers',
    ])
  }

  async reload(config: Config): Promise<void> {
    await this.#plane?.reload(config)
  }

  async settled(): Promise<void> {
    await this.#plane?.settled()
  }

  learnKeys(): void {
    // They are asked of the central plane each time.
  }

  views(): readonly PlaneView[] {
    return this.#plane === undefined ? [] : [this.#plane.view]
  }

  counts(): WorkerCounts {
    return { running: 1, exits: { died: 0, idle: 0, reload: 0 }, lostCalls: 0 }
  }

  async drain(): Promise<void> {
    await this.#plane?.drain()
  }

  async close(): Promise<void> {
    await this.#plane?.close()
  }
}
