import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../../kit/clock.ts'
import { askSystem, type ResolveName } from './lookups.ts'

export interface AddressesOptions {
  readonly host: string
  /** Maximum age of an answer. Node does not report its TTL. */
  readonly everyMs: number
  readonly clock: Clock
  readonly resolve?: ResolveName | undefined
}

/**
 * The addresses of a target's name. Each connection tries the next one in turn first, then the others if that does not
 * answer. The name is resolved again when a call needs it and the last answer is too old; calls wait only for the first
 * resolution. A name that stops resolving keeps its addresses.
 */
export class Addresses {
  readonly #options: AddressesOptions
  #known: readonly LookupAddress[] = []
  #turn = 0
  #askedAtMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined
  /** Incremented when the addresses change. */
  generation = 0

  constructor(options: AddressesOptions) {
    this.#options = options
  }

  has(address: string): boolean {
    return this.#known.some((known) => known.address === address)
  }

  /** Resolves the name again if its answer is too old. Runs for every call. */
  refresh(): void {
    const { clock, everyMs } = this.#options
    if (this.#asking === undefined && clock.now() - this.#askedAtMs >= everyMs) {
      this.#ask().catch(() => {
        // Known addresses stay; without any, the next connection asks again and gets the error.
      })
    }
  }

  /** The `lookup` option of `net.connect`. */
  readonly lookup: LookupFunction = (_host, options, callback) => {
    const tell = (error: NodeJS.ErrnoException | null): void => {
      const all = error === null ? this.#inTurn() : []
      const [first] = all
      if (options.all === true) callback(error, all)
      else callback(error, first?.address ?? '', first?.family)
    }
    this.refresh()
    const ready = this.#known.length > 0 ? Promise.resolve() : this.#ask()
    // Outside the promise: an exception in the callback is not a resolution error.
    ready.then(
      () => setImmediate(tell, null),
      (error: NodeJS.ErrnoException) => setImmediate(tell, error),
    )
  }

  #inTurn(): LookupAddress[] {
    const first = this.#turn++ % this.#known.length
    return [...this.#known.slice(first), ...this.#known.slice(0, first)]
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#resolve().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #resolve(): Promise<void> {
    const { host, clock, resolve = askSystem } = this.#options
    this.#askedAtMs = clock.now()
    const found = await resolve(host)
    if (found.length === 0) throw Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })
    const isSame = found.length === this.#known.length && found.every(({ address }) => this.has(address))
    if (isSame) return
    this.#known = found
    this.generation++
  }
}
