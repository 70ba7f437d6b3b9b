import { pathIn } from '../kit/paths.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { StartupError } from '../kit/startup-error.ts'
import { openStores, type Stores, type StoresConfig } from './open-stores.ts'

export interface StoresChange extends Change {
  /** Undefined if no route has needed a store so far. */
  readonly stores: Stores | undefined
}

/** The stores across reloads: opened once a route needs them, and open until the gateway ends. */
export class ReloadableStores implements Reloadable<StoresConfig, StoresChange> {
  readonly #runtime: Runtime
  readonly #folder: string
  #opened: { readonly stores: Stores; readonly path: string } | undefined

  /** `folder`: of the configuration file; relative paths start here. */
  constructor(runtime: Runtime, folder: string) {
    this.#runtime = runtime
    this.#folder = folder
  }

  get current(): Stores | undefined {
    return this.#opened?.stores
  }

  /** Rejects with a `StartupError` if the store cannot be opened, or is open at another path. */
  async prepare(next: StoresConfig): Promise<StoresChange> {
    const path = pathIn(this.#folder, next.store.path)
    if (this.#opened !== undefined) return inUse(this.#opened, next, path)
    const stores = await openStores(next, { ...this.#runtime, folder: this.#folder })
    return {
      stores,
      commit: () => {
        this.#opened = stores && { stores, path }
      },
      rollback: () => stores?.close(),
    }
  }

  async close(): Promise<void> {
    await this.current?.close()
    this.#opened = undefined
  }
}

function inUse(
  opened: { readonly stores: Stores; readonly path: string },
  next: StoresConfig,
  path: string,
): StoresChange {
  const { stores } = opened
  if (path === opened.path) return { stores, commit: () => stores.update(next), rollback: () => {} }
  throw new StartupError(`store.path cannot change from ${opened.path} to ${path} while the gateway runs: restart it`, [
    'store',
    'path',
  ])
}
