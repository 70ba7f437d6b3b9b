/** The latest rows of numbers, in one array of fixed size. Whole numbers up to 16 million are exact. */
export class NumberHistory {
  readonly #width: number
  readonly #capacity: number
  readonly #cells: Float32Array

  constructor(width: number, capacity: number) {
    this.#width = width
    this.#capacity = capacity
    this.#cells = new Float32Array(width * capacity)
  }

  set(row: number, values: Readonly<Float64Array>): void {
    this.#cells.set(values, (row % this.#capacity) * this.#width)
  }

  cell(row: number, column: number): number {
    return this.#cells[(row % this.#capacity) * this.#width + column] as number
  }

  at(row: number): Float32Array {
    const start = (row % this.#capacity) * this.#width
    return this.#cells.subarray(start, start + this.#width)
  }
}
