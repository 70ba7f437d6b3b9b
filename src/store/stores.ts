import type { StoreKind } from './store-kind.ts'

/** Loaded on demand: SQLite is slow to load, and few configurations need it. */
const sqlite: StoreKind = {
  open: async (options) => {
    const { openSqliteStore } = await import('./sqlite/sqlite-store.ts')
    return openSqliteStore(options)
  },
  unfinishedIn: async (path) => {
    const { unfinishedIn } = await import('./sqlite/inspect.ts')
    return unfinishedIn(path)
  },
}

/** The stores that can keep deliveries and late results on disk. */
export const stores = { sqlite } as const
