/**
 * What the workers of a gateway know together: numbers in memory that all of their threads see. A stretch of it is asked
 * for by name, and all who ask by the same name get the same one, in this thread or another; it begins with zeros. One
 * worker alone uses the same code over memory of its own.
 *
 * A thread can die at any instruction, so nothing here is ever locked: every change is one atomic step (7 ns; 25 where
 * another core has changed it just before: `bench/micro/shared-memory.ts`), and what a dead worker held (attempts in
 * flight, say) stands in a row of its own that can be cleared.
 */
export type Regions = ReadonlyMap<string, SharedArrayBuffer>

export interface SharedMemoryOptions {
  /** Which of the workers this one is, from 0. */
  readonly slot: number
  /** How many workers there can be at a time. */
  readonly slots: number
  /** What is known already, by name. */
  readonly regions?: Regions
}

/** What a part is given: its own names in it. */
export interface MemoryScope {
  /** For what goes up and down, and ends with its worker. */
  levels(name: string, count: number): Levels
  /** For what belongs to no worker; to be changed by `Atomics` alone. */
  cells(name: string, count: number): Int32Array
  /** For samples: an aligned number of 64 bits is read and written whole. */
  numbers(name: string, count: number): Float64Array
  scope(name: string): MemoryScope
  /** Something of which each configuration has one form: `retain` lets go of all but the one that was last asked for. */
  form(name: string, form: string): MemoryScope
}

/** The processor moves memory between cores in lines of so many bytes: rows on lines of their own do not slow each other. */
const lineBytes = 64
const levelsPrefix = 'levels '
/** Around the name of a scope; in no name that a configuration could give. */
const scopeMark = '\n'
const formMark = '\f'

export class SharedMemory implements MemoryScope {
  readonly slot: number
  readonly slots: number
  #known: Regions
  /** What was asked for last stands last. */
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

  /** All that was asked for here: what another worker is to be given. */
  regions(): Regions {
    return this.#used
  }

  /** What another worker has asked for under its next configuration, before it is asked for here. */
  learn(regions: Regions): void {
    this.#known = regions
  }

  /** Only these scopes are still in use. Whoever has a stretch of another one keeps it, and nobody else gets it. */
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

  /** A stretch of another size is another stretch: a configuration that asks for more begins anew. */
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

/** Numbers of which each worker has its own, and all see the sums. */
export class Levels {
  readonly #cells: Int32Array
  readonly #row: number
  readonly #rowLength: number

  constructor(cells: Int32Array, row: number, rowLength: number) {
    this.#cells = cells
    this.#row = row
    this.#rowLength = rowLength
  }

  add(place: number, difference: number): void {
    Atomics.add(this.#cells, this.#row + place, difference)
  }

  /** Of all workers. */
  sum(place: number): number {
    const cells = this.#cells
    let sum = 0
    for (let at = place; at < cells.length; at += this.#rowLength) sum += Atomics.load(cells, at)
    return sum
  }

  /**
   * Adds one if the sum is not above the limit then. Two workers that do so at once may both be told no where one of
   * them could have had it, and are never both told yes: each counts itself first and looks then.
   */
  tryAdd(place: number, limit: number): boolean {
    this.add(place, 1)
    if (this.sum(place) <= limit) return true
    this.add(place, -1)
    return false
  }
}

/** What a worker held that has died is held no more. */
export function clearSlot(regions: Regions, slot: number, slots: number): void {
  for (const [key, region] of regions) {
    if (!key.startsWith(levelsPrefix)) continue
    const cells = new Int32Array(region)
    const rowLength = cells.length / slots
    for (let at = slot * rowLength; at < (slot + 1) * rowLength; at++) Atomics.store(cells, at, 0)
  }
}
