import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../../kit/clock.ts'
import { askSystem, type ResolveName } from './lookups.ts'

export interface AddressesOptions {
  readonly host: string
  /** How old an answer may be. Node tells no time to live. */
  readonly everyMs: number
  readonly clock: Clock
  readonly resolve?: ResolveName | undefined
}

/**
 * The addresses of a target's name. Each connection begins with the next one in turn, and goes on to the others where
 * that does not answer. The name is resolved when somebody needs it and the last answer is old: only the first time
 * does anybody wait for that. A name that stops resolving keeps its addresses.
 */
export class Addresses {
  readonly #options: AddressesOptions
  #known: readonly LookupAddress[] = []
  #turn = 0
  #askedAtMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined
  /** Goes up when there are others than before. */
  generation = 0

  constructor(options: AddressesOptions) {
    this.#options = options
  }

  has(address: string): boolean {
    return this.#known.some((known) => known.address === address)
  }

  /** Has the name resolved anew if its answer is old. On the way of every call. */
  refresh(): void {
    const { clock, everyMs } = this.#options
    if (this.#asking === undefined && clock.now() - this.#askedAtMs >= everyMs) {
      this.#ask().catch(() => {
        // The addresses that are known stay; without any, whoever connects asks again and is told why.
      })
    }
  }

  /** What `net.connect` asks. */
  readonly lookup: LookupFunction = (_host, options, callback) => {
    const tell = (fault: NodeJS.ErrnoException | null): void => {
      const all = fault === null ? this.#inTurn() : []
      const [first] = all
      if (options.all === true) callback(fault, all)
      else callback(fault, first?.address ?? '', first?.family)
    }
    this.refresh()
    const ready = this.#known.length > 0 ? Promise.resolve() : this.#ask()
    // Outside the promise: what the callback throws is no fault of the name.
    ready.then(
      () => setImmediate(tell, null),
      (fault: NodeJS.ErrnoException) => setImmediate(tell, fault),
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
