import type { Failure } from '../../core/failure.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import type { Ticket, TicketFacts, TicketResult, TicketStore } from '../../store/ticket-store.ts'
import { resultBytes } from '../../store/ticket-store.ts'
import { type Issue, type Keys, Signer, type TokenFacts } from './token.ts'
import { Waiters } from './waiters.ts'

/** Where a client fetches a result that came late. */
export const ticketsPath = '/_hedgerow/tickets'

export interface CallbacksOptions {
  readonly clock: Clock
  readonly keys: () => Keys
  /** `http://host:port`, as backends reach the front. */
  readonly publicUrl: () => string
  /** For results that need not outlive the process. */
  readonly memory: TicketStore
  /** There where a route is `durable`. */
  readonly durable: TicketStore | undefined
  /** How long a late result is kept, and how long after the deadline it may come. 0: it is dropped. */
  readonly keepMs: number
  /** Whether a result is gone once it has been fetched. */
  readonly fetchOnce: boolean
  readonly logFault: (fault: unknown, callId: string) => void
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

/** What all callback routes share: who waits, what came late, and how tokens are made. */
export class Callbacks {
  readonly waiters = new Waiters()
  readonly signer: Signer
  readonly publicUrl: () => string
  readonly keepMs: number
  readonly logFault: CallbacksOptions['logFault']
  readonly #options: CallbacksOptions
  #backendsAsked = 0
  readonly #onQuiet: (() => void)[] = []
  #expiryTimer: Timer | undefined

  constructor(options: CallbacksOptions) {
    this.#options = options
    this.signer = new Signer(options.keys)
    this.publicUrl = options.publicUrl
    this.keepMs = options.keepMs
    this.logFault = options.logFault
    this.#scheduleExpiry()
  }

  ticketUrl(issue: Issue): string {
    return `${ticketsPath}/${this.signer.token(issue, 'ticket')}`
  }

  /** `dropped`: nobody has a ticket for it that is still good, or none are kept. */
  async keep(
    token: TokenFacts,
    route: string,
    result: TicketResult,
  ): Promise<'kept' | 'repeated' | 'dropped' | Failure> {
    const now = this.#options.clock.wallNow()
    if (this.keepMs === 0 || token.expiresAtMs <= now) return 'dropped'
    const readyUntil = now + this.keepMs
    return this.storeOf(token).put({
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
  async fetch(token: TokenFacts, isLook: boolean): Promise<TicketResult | 'over' | Failure | undefined> {
    const { clock, fetchOnce } = this.#options
    const store = this.storeOf(token)
    const found: Ticket | Failure | undefined = await store.find(token.id)
    if (found === undefined || 'code' in found) return found
    if (found.result === undefined || found.readyUntil <= clock.wallNow()) return 'over'
    if (!fetchOnce || isLook) return found.result
    const spent = await store.spend(token.id)
    if (typeof spent === 'object') return spent
    return spent ? found.result : 'over'
  }

  storeOf({ durable }: TokenFacts): TicketStore {
    return durable && this.#options.durable !== undefined ? this.#options.durable : this.#options.memory
  }

  async tickets(limit: number): Promise<readonly TicketFacts[] | Failure> {
    const kept = await this.#options.memory.list(limit)
    const durable = (await this.#options.durable?.list(limit)) ?? []
    if ('code' in kept) return kept
    if ('code' in durable) return durable
    return [...kept, ...durable].sort((a, b) => b.createdAt - a.createdAt).slice(0, limit)
  }

  ticketFigures(): { readonly tickets: number; readonly bytes: number } {
    const memory = this.#options.memory.figures()
    const durable = this.#options.durable?.figures() ?? { tickets: 0, bytes: 0 }
    return { tickets: memory.tickets + durable.tickets, bytes: memory.bytes + durable.bytes }
  }

  /** A backend is being asked. Its client may have its answer before that: the gateway does not end before it is `done`. */
  begun(): void {
    this.#backendsAsked++
  }

  done(): void {
    this.#backendsAsked--
    if (this.#backendsAsked === 0) for (const resolve of this.#onQuiet.splice(0)) resolve()
  }

  /** Resolves when nobody waits any more, and no backend is being asked. */
  async quiet(): Promise<void> {
    await this.waiters.quiet()
    if (this.#backendsAsked === 0) return
    await new Promise<void>((resolve) => this.#onQuiet.push(resolve))
  }

  close(): void {
    this.#expiryTimer?.cancel()
  }

  #scheduleExpiry(): void {
    const { clock, memory, durable } = this.#options
    this.#expiryTimer = clock.after(expiryCheckMs, () => {
      // A store that fails says so to those who write; what is left is removed the next time.
      for (const store of [memory, durable]) void store?.removeExpired(clock.wallNow())
      this.#scheduleExpiry()
    })
  }
}
