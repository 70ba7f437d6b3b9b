import dns, { type LookupAddress } from 'node:dns'
import { open } from 'node:fs/promises'
import type { Clock, Timer } from '../../kit/clock.ts'
import type { Levels, MemoryScope } from '../../kit/shared-memory.ts'
import { isShortage } from './shortage.ts'

export type ResolveName = (host: string) => Promise<readonly LookupAddress[]>

export interface LookupsOptions {
  readonly clock: Clock
  /** Shared by all threads of the gateway: they share libuv's pool, and so one turn for names that fail. */
  readonly memory: MemoryScope
  /** Replaces the system's name resolution. */
  readonly ask?: ResolveName
}

/** Backoff after a name has failed; doubled after each further failure, up to `mostBackoffMs`. */
const firstBackoffMs = 1000
const mostBackoffMs = 10_000
/** How often a thread checks whether another one has released the turn. */
const lookForTurnMs = 100

interface Failing {
  readonly error: unknown
  readonly times: number
  readonly nextAtMs: number
}

interface Waiting {
  readonly host: string
  readonly found: PromiseWithResolvers<readonly LookupAddress[]>
}

/**
 * Resolves names so that failing names cannot block the others. `getaddrinfo` blocks a thread of libuv's pool, for 10 s
 * and more if no server answers, and libuv lets it use at most half of the threads: 2 of 4 by default. So names that
 * have failed take turns, one at a time across all workers, and are retried only after a backoff, during which callers
 * get the last error. All other names are looked up at once.
 */
export class Lookups {
  readonly #clock: Clock
  readonly #ask: ResolveName
  readonly #turns: Levels
  readonly #failing = new Map<string, Failing>()
  readonly #waiting: Waiting[] = []
  #timer: Timer | undefined

  constructor({ clock, memory, ask = askSystem }: LookupsOptions) {
    this.#clock = clock
    this.#ask = ask
    this.#turns = memory.levels('lookups of names that fail', 1)
  }

  readonly resolve: ResolveName = (host) => {
    const failing = this.#failing.get(host)
    if (failing === undefined) return this.#look(host)
    if (this.#clock.now() < failing.nextAtMs) return Promise.reject(failing.error)
    const found = Promise.withResolvers<readonly LookupAddress[]>()
    this.#waiting.push({ host, found })
    this.#next()
    return found.promise
  }

  /** Rejects the lookups that wait for their turn. */
  close(): void {
    this.#timer?.cancel()
    for (const { host, found } of this.#waiting.splice(0)) found.reject(this.#failing.get(host)?.error)
  }

  async #look(host: string): Promise<readonly LookupAddress[]> {
    try {
      const found = await this.#ask(host)
      this.#failing.delete(host)
      return found
    } catch (error) {
      if (!isShortage(codeOf(error))) this.#failed(host, error)
      throw error
    }
  }

  #failed(host: string, error: unknown): void {
    const times = (this.#failing.get(host)?.times ?? 0) + 1
    const backoffMs = Math.min(mostBackoffMs, firstBackoffMs * 2 ** (times - 1))
    this.#failing.set(host, { error, times, nextAtMs: this.#clock.now() + backoffMs })
  }

  /** Gives the turn to the first waiting lookup if the turn is free; otherwise checks again soon. */
  #next(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#timer !== undefined) return
    if (this.#turns.tryAdd(0, 1)) {
      this.#waiting.shift()
      void this.#askInTurn(first)
      return
    }
    this.#timer = this.#clock.after(lookForTurnMs, () => {
      this.#timer = undefined
      this.#next()
    })
  }

  async #askInTurn({ host, found }: Waiting): Promise<void> {
    try {
      const failing = this.#failing.get(host)
      // Another lookup that waited for the same name may just have failed.
      if (failing !== undefined && this.#clock.now() < failing.nextAtMs) throw failing.error
      found.resolve(await this.#look(host))
    } catch (error) {
      found.reject(error)
    }
    this.#turns.add(0, -1)
    this.#next()
  }
}

/** The system's name resolution: with its hosts file, search domains and nsswitch.conf. */
export const askSystem: ResolveName = (host) =>
  new Promise((resolve, reject) => {
    dns.lookup(host, { all: true }, (failed, found) => {
      if (failed === null) resolve(found)
      else causeOf(failed).then(reject, reject)
    })
  })

/** Without a free descriptor, getaddrinfo reports that the name does not exist; finds the real cause. */
async function causeOf(error: Error): Promise<unknown> {
  try {
    await (await open('/dev/null')).close()
    return error
  } catch (shortage) {
    return isShortage(codeOf(shortage)) ? shortage : error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
