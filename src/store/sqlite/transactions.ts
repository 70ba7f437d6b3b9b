import type { DatabaseSync } from 'node:sqlite'

/** An open database, and the one way to change it: done and synced when it returns. */
export interface Transactions {
  readonly db: DatabaseSync
  transaction<Result>(work: () => Result): Result
  /** The same for what makes room: on a full disk the reserve is given up for it. */
  shrink<Result>(work: () => Result): Result
  /** Throws a `StoreFault` where new rows of so many bytes would leave too little. */
  expectRoom(bytes: number, rows: number): void
}
