import type { Change, Reloadable } from './reload.ts'

/**
 * State shared by a gateway's workers: numbers in memory that all their threads see. A region is requested by name, and
 * every request with the same name gets the same region, in this thread or another; it starts zeroed. A single worker
 * uses the same code over its own memory.
 *
 * A thread can die at any instruction, so nothing here is ever locked: every change is one atomic step (7 ns; 25 ns if
 * another core has just changed it: `bench/micro/shared-memory.ts`), and each worker's share (attempts in flight, say)
 * has its own row, which can be cleared when the worker dies.
 */
export type Regions = ReadonlyMap<string, SharedArrayBuffer>

export interface SharedMemoryOptions {
  /** Index of this worker, from 0. */
  readonly slot: number
  /** Maximum number of concurrent workers. */
  readonly slots: number
  /** Regions that exist already, by name. */
  readonly regions?: Regions
}

/** Access for one component, with its own namespace. */
export interface MemoryScope {
  /** For gauges that end with their worker. */
  levels(name: string, count: number): Levels
  /** For values that belong to no worker; change them only with `Atomics`. */
  cells(name: string, count: number): Int32Array
  /** For samples: an aligned 64-bit number is read and written atomically. */
  numbers(name: string, count: number): Float64Array
  scope(name: string): MemoryScope
  /** For state with one form per configuration: `retain` keeps only the form requested last. */
  form(name: string, form: string): MemoryScope
}

/** Size of a cache line: rows on separate lines avoid false sharing between cores. */
const lineBytes = 64
const levelsPrefix = 'levels '
/** Delimits the name of a scope; cannot occur in a name from a configuration. */
const scopeMark = '\n'
const formMark = '\f'

/** The regions that a configuration needs. */
export interface MemoryNeeds {
  readonly scopes: ReadonlySet<string>
  /** Regions that another worker requested for it. */
  readonly regions?: Regions | undefined
}

export class SharedMemory implements MemoryScope, Reloadable<MemoryNeeds> {
  readonly slot: number
  readonly slots: number
  #known: Regions
  /** In the order of the latest request. */
  readonly #used = new Map<string, SharedArrayBuffer>()

  constructor({ slot, slots, regions = new Map() }: SharedMemoryOptions = { slot: 0, slots: 1 }) {
    this.slot = slot
    this.slots = slots
    this.#known = regions
  }

  levels(name: string, count: number): Levels {
    const rowLength = Math.ceil((count * Int32Array.BYTES_PER_ELEMENT) / lineBytes) * (lineBytes / 4)
    const bytes = this.slots * rowLength * Int32Array.BYTES_PER_ELEMENT
    return new Levels(new Int32Array(this.#region(levelsPrefix + name, bytes)), this.slot * rowLength, rowLength)
  }

  cells(name: string, count: number): Int32Array {
    return new Int32Array(this.#region(`cells ${name}`, count * Int32Array.BYTES_PER_ELEMENT))
  }

  numbers(name: string, count: number): Float64Array {
    return new Float64Array(this.#region(`numbers ${name}`, count * Float64Array.BYTES_PER_ELEMENT))
  }

  scope(scope: string): MemoryScope {
    return this.#within((name) => `${scopeMark}${scope}${scopeMark}${name}`)
  }

  form(name: string, form: string): MemoryScope {
    return this.#within((inner) => formed(name, form, inner))
  }

  /** All regions requested here, to pass to another worker. */
  regions(): Regions {
    return this.#used
  }

  /** Adds regions that another worker requested for its next configuration, before they are requested here. */
  learn(regions: Regions): void {
    this.#known = regions
  }

  /** Prepare this before any part that requests regions, so that a rollback forgets their requests last. */
  async prepare({ scopes, regions = this.#known }: MemoryNeeds): Promise<Change> {
    const [known, used] = [this.#known, [...this.#used]]
    this.#known = regions
    return {
      commit: () => this.retain(scopes),
      rollback: () => {
        this.#known = known
        this.#used.clear()
        for (const [key, region] of used) this.#used.set(key, region)
      },
    }
  }

  /** Drops all scopes but these. Current holders keep their regions of a dropped scope; nobody else gets them. */
  retain(scopes: ReadonlySet<string>): void {
    const forms = new Map<string, string>()
    for (const key of [...this.#used.keys()].reverse()) {
      const scope = key.slice(key.indexOf(scopeMark) + 1, key.lastIndexOf(scopeMark))
      const [name, form] = key.split(formMark) as [string, string | undefined]
      if (form !== undefined && !forms.has(name)) forms.set(name, form)
      if (forms.get(name) !== form || (key.includes(scopeMark) && !scopes.has(scope))) this.#used.delete(key)
    }
  }

  #within(named: (name: string) => string): MemoryScope {
    return {
      levels: (name, count) => this.levels(named(name), count),
      cells: (name, count) => this.cells(named(name), count),
      numbers: (name, count) => this.numbers(named(name), count),
      scope: (scope) => this.#within((name) => named(`${scope} ${name}`)),
      form: (name, form) => this.#within((inner) => named(formed(name, form, inner))),
    }
  }

  /** A different size is a different region: a configuration that needs more starts from zero. */
  #region(name: string, bytes: number): SharedArrayBuffer {
    const key = `${name} ${bytes}`
    const region = this.#used.get(key) ?? this.#known.get(key) ?? new SharedArrayBuffer(bytes)
    this.#used.delete(key)
    this.#used.set(key, region)
    return region
  }
}

function formed(name: string, form: string, inner: string): string {
  return `${name}${formMark}${form}${formMark}${inner}`
}

/** Numbers with a separate value per worker, whose sums all workers see. */
export class Levels {
  readonly #cells: Int32Array
  readonly #row: number
  readonly #rowLength: number

  constructor(cells: Int32Array, row: number, rowLength: number) {
    this.#cells = cells
    this.#row = row
    this.#rowLength = rowLength
  }

  add(cell: number, difference: number): void {
    Atomics.add(this.#cells, this.#row + cell, difference)
  }

  /** The sum over all workers. */
  sum(cell: number): number {
    const cells = this.#cells
    let sum = 0
    for (let at = cell; at < cells.length; at += this.#rowLength) sum += Atomics.load(cells, at)
    return sum
  }

  /**
   * Adds one unless the sum would exceed the limit. Two concurrent workers may both be refused the last unit, but never
   * both get it: each first counts itself, then checks.
   */
  tryAdd(cell: number, limit: number): boolean {
    this.add(cell, 1)
    if (this.sum(cell) <= limit) return true
    this.add(cell, -1)
    return false
  }
}

/** Clears the levels of a worker that has died. */
export function clearSlot(regions: Regions, slot: number, slots: number): void {
  for (const [key, region] of regions) {
    if (!key.startsWith(levelsPrefix)) continue
    const cells = new Int32Array(region)
    const rowLength = cells.length / slots
    for (let at = slot * rowLength; at < (slot + 1) * rowLength; at++) Atomics.store(cells, at, 0)
  }
}
