import { ok, type Result } from '../core/result.ts'
import type { Clock, Timer } from '../kit/clock.ts'
import { type Levels, SharedMemory } from '../kit/shared-memory.ts'
import type { TicketResult, TicketStore } from '../store/ticket-store.ts'
import { resultBytes } from '../store/ticket-store.ts'
import { type Issue, type Keys, Signer, type TokenFacts } from './token.ts'
import { type WaiterFacts, Waiters } from './waiter.ts'

/** Where a client fetches a late result. */
export const ticketsPath = '/_hedgerow/tickets'

/** Settings that a reload may change. */
export interface CallbacksSettings {
  /** `http://host:port` at which backends reach the front. */
  readonly publicUrl: () => string
  /** Set when a route is `durable`. */
  readonly durable: TicketStore | undefined
  /** How long a late result is kept, and how long after the deadline it may arrive. 0: late results are dropped. */
  readonly keepMs: number
  /** Whether a result is deleted once it has been fetched. */
  readonly fetchOnce: boolean
  /** Upper bound on outstanding tickets. */
  readonly maxTickets: number
}

export interface CallbacksOptions extends CallbacksSettings {
  /** Read each time, as keys change without a reload. */
  readonly keys: () => Keys
  readonly clock: Clock
  /** For results that need not outlive the process. */
  readonly memory: TicketStore
  /** Number of tickets that clients hold, in all workers. */
  readonly promises?: Levels
  readonly reportBug: (error: unknown, callId: string) => void
}

const expiryCheckMs = 10_000
const droppedGraceMs = 600_000

/**
 * How long after the deadline a callback is accepted: as long as its result would be kept. If results are not kept, the
 * callback is still accepted and dropped, because a backend would retry a refused one forever.
 */
export function callbackGraceMs(keepMs: number): number {
  return keepMs === 0 ? droppedGraceMs : keepMs
}

/** Result of looking up a ticket. */
export type Fetched =
  /** No result yet. */
  | { readonly kind: 'running' }
  /** The result is not kept (any more). */
  | { readonly kind: 'over' }
  /** `route`: of the call; for a call of an earlier run, the path that received its callback. */
  | { readonly kind: 'result'; readonly route: string; readonly result: TicketResult }

const over: Result<Fetched> = ok({ kind: 'over' })

/** Facts about a call that are needed when its result arrives. */
export type KnownCall = Pick<WaiterFacts, 'route' | 'terms'>

interface Promised extends KnownCall {
  readonly untilMs: number
}

/** State shared by all callback routes: waiting clients, late results, and the token signer. */
export class Callbacks {
  readonly waiters = new Waiters()
  readonly signer: Signer
  readonly reportBug: CallbacksOptions['reportBug']
  readonly #options: CallbacksOptions
  #settings: CallbacksSettings
  /** The tickets that clients hold. */
  readonly #promised = new Map<string, Promised>()
  readonly #promises: Levels
  /** By call id, while its backend is being called: ends the retries. */
  readonly #asking = new Map<string, () => void>()
  readonly #onQuiet: (() => void)[] = []
  #expiryTimer: Timer | undefined

  constructor(options: CallbacksOptions) {
    this.#options = options
    this.#settings = options
    this.signer = new Signer(options.keys)
    this.#promises = options.promises ?? new SharedMemory().levels('promises', 1)
    this.reportBug = options.reportBug
    this.#scheduleExpiry()
  }

  /** Takes effect at once; waiting clients keep waiting, and tickets and results stay. */
  update(settings: CallbacksSettings): void {
    this.#settings = settings
  }

  readonly publicUrl = (): string => this.#settings.publicUrl()

  get keepMs(): number {
    return this.#settings.keepMs
  }

  /** The client's ticket, the same each time. Undefined if no ticket can be given. */
  promise(issue: Issue, { route, terms }: KnownCall): string | undefined {
    if (!this.#promised.has(issue.id)) {
      if (this.keepMs === 0 || !this.#promises.tryAdd(0, this.#settings.maxTickets)) return undefined
      this.#promised.set(issue.id, { route, terms, untilMs: issue.expiresAtMs })
    }
    return `${ticketsPath}/${this.signer.token(issue, 'ticket')}`
  }

  /** The client of this call has no ticket or no longer needs it, so another client may have one. */
  withdraw(id: string): void {
    if (this.#promised.delete(id)) this.#promises.add(0, -1)
  }

  /** A call of this run whose client has a ticket. */
  promised(id: string): KnownCall | undefined {
    return this.#promised.get(id)
  }

  /** Whether a client may want the result: it has a ticket, or may have one from an earlier run. */
  isPromised({ id, isOurs }: TokenFacts): boolean {
    return this.keepMs > 0 && (this.#promised.has(id) || !isOurs)
  }

  /** `repeated`: the client was answered, or the result is already kept. `dropped`: results are not kept (any more). */
  async keep(token: TokenFacts, route: string, result: TicketResult): Promise<Result<'kept' | 'repeated' | 'dropped'>> {
    const now = this.#options.clock.wallNow()
    const store = this.#storeOf(token)
    if (this.keepMs === 0 || store === undefined || token.expiresAtMs <= now) return ok('dropped')
    if (!this.isPromised(token)) return ok('repeated')
    this.#asking.get(token.id)?.()
    const readyUntil = now + this.keepMs
    return store.put({
      id: token.id,
      route,
      createdAt: now,
      readyUntil,
      // After that the token itself has expired and says that the ticket is over.
      knownUntil: Math.max(readyUntil, token.expiresAtMs),
      bytes: resultBytes(result),
      result,
    })
  }

  /** With `fetchOnce` a result is deleted, unless it was only looked at (HEAD). */
  async fetch(token: TokenFacts, isLook: boolean): Promise<Result<Fetched>> {
    const { clock } = this.#options
    const store = this.#storeOf(token)
    if (store === undefined) return over
    const found = await store.find(token.id)
    if (!found.ok) return found
    const ticket = found.value
    // With `keepMs` 0 any result will be dropped.
    if (ticket === undefined) return this.keepMs === 0 ? over : ok({ kind: 'running' })
    if (ticket.result === undefined || ticket.readyUntil <= clock.wallNow()) return over
    const fetched = ok({ kind: 'result', route: ticket.route, result: ticket.result } as const)
    if (!this.#settings.fetchOnce || isLook) return fetched
    const spent = await store.spend(token.id)
    if (!spent.ok) return spent
    this.withdraw(token.id)
    return spent.value ? fetched : over
  }

  /** Undefined for the tickets of durable routes once no route is durable. */
  #storeOf({ durable }: TokenFacts): TicketStore | undefined {
    return durable ? this.#settings.durable : this.#options.memory
  }

  /**
   * A backend is being called. Its client may be answered earlier: the gateway does not exit before `done`. `stop`: the
   * result has arrived, so the backend need not be retried.
   */
  begun(id: string, stop: () => void): void {
    this.#asking.set(id, stop)
  }

  done(id: string): void {
    this.#asking.delete(id)
    if (this.#asking.size === 0) for (const resolve of this.#onQuiet.splice(0)) resolve()
  }

  /** Resolves when no client waits and no backend is being called. */
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
