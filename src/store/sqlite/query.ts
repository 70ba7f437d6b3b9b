import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** A prepared `SELECT`. Its rows are arrays of the columns in the order of its SQL. */
export interface Query<Row extends readonly unknown[]> {
  readonly sourceSQL: string
  get(...values: readonly SQLInputValue[]): Row | undefined
  all(...values: readonly SQLInputValue[]): readonly Row[]
  iterate(...values: readonly SQLInputValue[]): Iterable<Row>
}

export function prepareQuery<Row extends readonly unknown[]>(db: DatabaseSync, sql: string): Query<Row> {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  // No type can follow from the text of the SQL: each query states its row beside it.
  return statement as unknown as Query<Row>
}
