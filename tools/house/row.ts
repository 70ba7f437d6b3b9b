/** One row of the table that the source must come to. */
export interface Row {
  readonly what: string
  readonly value: number
  /** The most that `value` may be. */
  readonly bound: number
  /** The files, places or arrows behind the value. */
  readonly counted: readonly string[]
}

export function row(what: string, counted: readonly string[], bound: number): Row {
  return { what, value: counted.length, bound, counted }
}
