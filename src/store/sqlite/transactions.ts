import type { DatabaseSync } from 'node:sqlite'

/** An open database and the only way to change it: a transaction is synced when it returns. */
export interface Transactions {
  readonly db: DatabaseSync
  transaction<Result>(work: () => Result): Result
  /** A transaction that frees room: on a full disk the reserve is released for it. */
  shrink<Result>(work: () => Result): Result
  /** Throws a `StoreFaultError` if new rows of this size would leave too little room. */
  expectRoom(bytes: number, rows: number): void
}
