import type { Failure } from '../core/failure.ts'
import type { Clock, Timer } from '../kit/clock.ts'
import { type Levels, SharedMemory } from '../kit/shared-memory.ts'
import type { Ticket, TicketResult, TicketStore } from '../store/ticket-store.ts'
import { resultBytes } from '../store/ticket-store.ts'
import { type Issue, type Keys, Signer, type TokenFacts } from './token.ts'
import type { WaiterFacts } from './waiter.ts'
import { Waiters } from './waiters.ts'

/** Where a client fetches a result that came late. */
export const ticketsPath = '/_hedgerow/tickets'

/** What may be another one after a reload. */
export interface CallbacksSettings {
  readonly keys: () => Keys
  /** `http://host:port`, as backends reach the front. */
  readonly publicUrl: () => string
  /** There where a route is `durable`. */
  readonly durable: TicketStore | undefined
  /** How long a late result is kept, and how long after the deadline it may come. 0: it is dropped. */
  readonly keepMs: number
  /** Whether a result is gone once it has been fetched. */
  readonly fetchOnce: boolean
  /** So many tickets are given out at a time. */
  readonly maxTickets: number
}

export interface CallbacksOptions extends CallbacksSettings {
  readonly clock: Clock
  /** For results that need not outlive the process. */
  readonly memory: TicketStore
  /** How many tickets clients hold, of all workers. */
  readonly promises?: Levels
  readonly reportBug: (fault: unknown, callId: string) => void
}

const expiryCheckMs = 10_000
const droppedGraceMs = 600_000

/**
 * How long after the deadline a callback is still taken: as long as its result would be kept. Where none are kept it is
 * taken all the same, and dropped, as its backend would post it for ever if it were refused.
 */
export function callbackGraceMs(keepMs: number): number {
  return keepMs === 0 ? droppedGraceMs : keepMs
}

export interface FetchedResult {
  /** Of its call; of one of an earlier run the path at which its callback came in. */
  readonly route: string
  readonly result: TicketResult
}

/** What has to be known of a call when its result comes. */
export type KnownCall = Pick<WaiterFacts, 'route' | 'terms'>

interface Promised extends KnownCall {
  readonly untilMs: number
}

/** What all callback routes share: who waits, what came late, and how tokens are made. */
export class Callbacks {
  readonly waiters = new Waiters()
  readonly signer = new Signer(() => this.#settings.keys())
  readonly reportBug: CallbacksOptions['reportBug']
  readonly #options: CallbacksOptions
  #settings: CallbacksSettings
  /** The tickets that clients hold. */
  readonly #promised = new Map<string, Promised>()
  readonly #promises: Levels
  /** By the id of the call: its end, for those whose backend is being asked. */
  readonly #asking = new Map<string, () => void>()
  readonly #onQuiet: (() => void)[] = []
  #expiryTimer: Timer | undefined

  constructor(options: CallbacksOptions) {
    this.#options = options
    this.#settings = options
    this.#promises = options.promises ?? new SharedMemory().levels('promises', 1)
    this.reportBug = options.reportBug
    this.#scheduleExpiry()
  }

  /** From now on; who waits, waits on, and tickets and results stay. */
  update(settings: CallbacksSettings): void {
    this.#settings = settings
  }

  readonly publicUrl = (): string => this.#settings.publicUrl()

  get keepMs(): number {
    return this.#settings.keepMs
  }

  /** A client's ticket, the same each time: where its result can be fetched. Undefined if there can be none. */
  promise(issue: Issue, { route, terms }: KnownCall): string | undefined {
    if (!this.#promised.has(issue.id)) {
      if (this.keepMs === 0 || !this.#promises.tryAdd(0, this.#settings.maxTickets)) return undefined
      this.#promised.set(issue.id, { route, terms, untilMs: issue.expiresAtMs })
    }
    return `${ticketsPath}/${this.signer.token(issue, 'ticket')}`
  }

  /** The client of this call has no ticket, or no use for it any more: another may have one. */
  withdraw(id: string): void {
    if (this.#promised.delete(id)) this.#promises.add(0, -1)
  }

  /** One of this run whose result somebody wants. */
  known(id: string): KnownCall | undefined {
    return this.waiters.find(id)?.facts ?? this.#promised.get(id)
  }

  /** Whether anybody can want its result: a client has its ticket, or may have it from an earlier run. */
  isPromised({ id, isOurs }: TokenFacts): boolean {
    return this.keepMs > 0 && (this.#promised.has(id) || !isOurs)
  }

  /** `repeated`: its client was answered, or it is kept already. `dropped`: nothing is kept any more, or at all. */
  async keep(
    token: TokenFacts,
    route: string,
    result: TicketResult,
  ): Promise<'kept' | 'repeated' | 'dropped' | Failure> {
    const now = this.#options.clock.wallNow()
    const store = this.#storeOf(token)
    if (this.keepMs === 0 || store === undefined || token.expiresAtMs <= now) return 'dropped'
    if (!this.isPromised(token)) return 'repeated'
    this.#asking.get(token.id)?.()
    const readyUntil = now + this.keepMs
    return store.put({
      id: token.id,
      route,
      createdAt: now,
      readyUntil,
      // Afterwards the token has expired, and says by itself that it is over.
      knownUntil: Math.max(readyUntil, token.expiresAtMs),
      bytes: resultBytes(result),
      result,
    })
  }

  /** `undefined`: nothing has come yet. What is fetched once is gone then, unless it was only looked at (HEAD). */
  async fetch(token: TokenFacts, isLook: boolean): Promise<FetchedResult | 'over' | Failure | undefined> {
    const { clock } = this.#options
    const store = this.#storeOf(token)
    if (store === undefined) return 'over'
    const found: Ticket | Failure | undefined = await store.find(token.id)
    // What comes is dropped.
    if (found === undefined && this.keepMs === 0) return 'over'
    if (found === undefined || 'code' in found) return found
    if (found.result === undefined || found.readyUntil <= clock.wallNow()) return 'over'
    const fetched = { route: found.route, result: found.result }
    if (!this.#settings.fetchOnce || isLook) return fetched
    const spent = await store.spend(token.id)
    if (typeof spent === 'object') return spent
    this.withdraw(token.id)
    return spent ? fetched : 'over'
  }

  /** None for the tickets of durable routes once no route is durable any more. */
  #storeOf({ durable }: TokenFacts): TicketStore | undefined {
    return durable ? this.#settings.durable : this.#options.memory
  }

  /**
   * A backend is being asked. Its client may have its answer before that: the gateway does not end before it is `done`.
   * `stop`: the result is there, and it need not be asked again.
   */
  begun(id: string, stop: () => void): void {
    this.#asking.set(id, stop)
  }

  done(id: string): void {
    this.#asking.delete(id)
    if (this.#asking.size === 0) for (const resolve of this.#onQuiet.splice(0)) resolve()
  }

  /** Resolves when nobody waits any more, and no backend is being asked. */
  async quiet(): Promise<void> {
    await this.waiters.quiet()
    if (this.#asking.size === 0) return
    await new Promise<void>((resolve) => this.#onQuiet.push(resolve))
  }

  close(): void {
    this.#expiryTimer?.cancel()
    for (const stop of this.#asking.values()) stop()
  }

  #scheduleExpiry(): void {
    const { clock } = this.#options
    this.#expiryTimer = clock.after(expiryCheckMs, () => {
      const now = clock.wallNow()
      for (const [id, { untilMs }] of this.#promised) {
        if (untilMs <= now) this.withdraw(id)
      }
      this.#scheduleExpiry()
    })
  }
}
