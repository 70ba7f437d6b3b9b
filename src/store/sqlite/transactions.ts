import type { DatabaseSync } from 'node:sqlite'

/** An open database, and the one way to change it: done and synced when it returns. */
export interface Transactions {
  readonly db: DatabaseSync
  transaction<Result>(work: () => Result): Result
}
