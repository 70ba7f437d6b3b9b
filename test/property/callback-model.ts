import fc from 'fast-check'

/** Steps of calls that wait for callbacks; `of` picks one of the existing calls. */
export type Step =
  | { readonly do: 'send'; readonly prefer: string | undefined }
  | { readonly do: 'acknowledge' | 'refuse' | 'reset' | 'disconnect' | 'fetch' | 'forge'; readonly of: number }
  | { readonly do: 'post'; readonly of: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart' }

export interface Rules {
  readonly durable: boolean
  readonly fetchOnce: boolean
}

export const deadlineMs = 5000
export const keepMs = 20_000

const of = fc.nat(7)

export const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      prefer: fc.constantFrom(
        undefined,
        undefined,
        'respond-async',
        'wait=1',
        'wait=0',
        'respond-async, wait=2',
        'wait=9',
      ),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('post' as const), of }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom('acknowledge', 'refuse', 'reset', 'disconnect', 'fetch', 'fetch', 'forge' as const),
      of,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(1500), fc.constantFrom(1, 999, 1000, 5000, 19_999, 20_000), fc.nat(12_000)),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
)

export const rulesArbitrary: fc.Arbitrary<Rules> = fc.record({ durable: fc.boolean(), fetchOnce: fc.boolean() })

/** Predicts the outcome of one call from the design alone, without using any of the code. */
export class CallModel {
  readonly name: string
  readonly #rules: Rules
  readonly #sentMs: number
  readonly #waitMs: number
  readonly #isAsync: boolean
  /** The client's answer; undefined while it waits. */
  client: string | undefined
  /** A call that had no ticket when the gateway ended is unknown to the next life. */
  #forgotten = false
  #stored: { readonly what: string; readonly untilMs: number } | undefined

  constructor(name: string, sentMs: number, prefer: string | undefined, rules: Rules) {
    this.name = name
    this.#rules = rules
    this.#sentMs = sentMs
    const wait = /wait=(\d)/.exec(prefer ?? '')?.[1]
    this.#isAsync = prefer?.includes('respond-async') === true
    this.#waitMs = wait === undefined ? (this.#isAsync ? 0 : deadlineMs) : Number(wait) * 1000
    this.timeIs(sentMs)
  }

  get hasTicket(): boolean {
    return this.client === 'ticket 202' || this.client === 'ticket DEADLINE' || this.client === 'ticket WAIT_OVER'
  }

  timeIs(nowMs: number): void {
    if (this.client !== undefined || nowMs < this.#sentMs + Math.min(this.#waitMs, deadlineMs)) return
    if (this.#waitMs >= deadlineMs) this.client = 'ticket DEADLINE'
    else this.client = this.#isAsync ? 'ticket 202' : 'ticket WAIT_OVER'
  }

  disconnect(): void {
    this.client ??= 'CLIENT_GONE'
  }

  restart(): void {
    this.disconnect()
    if (!this.#rules.durable) this.#stored = undefined
    if (!this.hasTicket) this.#forgotten = true
  }

  /** The backend's own answer. */
  backendFails(code: string, nowMs: number): void {
    if (this.client === undefined) this.client = code
    else if (this.hasTicket && nowMs < this.#expiresMs) this.#keep(code, nowMs)
  }

  /** The gateway's answer to a callback of the backend. */
  post(body: string, nowMs: number): string {
    if (nowMs >= this.#expiresMs) return 'expired'
    if (this.client === undefined) {
      this.client = `200 ${body}`
      return 'answered'
    }
    if (!this.hasTicket && !this.#forgotten) return 'repeated'
    return this.#keep(`200 ${body}`, nowMs)
  }

  /** The client's view of the ticket. */
  fetch(nowMs: number): string {
    const stored = this.#stored
    if (stored === undefined) return nowMs >= this.#expiresMs ? 'TICKET_EXPIRED' : 'running'
    if (nowMs >= stored.untilMs) return 'TICKET_EXPIRED'
    if (this.#rules.fetchOnce) this.#stored = { ...stored, untilMs: nowMs }
    return stored.what
  }

  /** Expiry of callback and ticket, on the wall clock, whose seconds match the virtual clock. */
  get #expiresMs(): number {
    return Math.ceil((this.#sentMs + deadlineMs + keepMs) / 1000) * 1000
  }

  #keep(what: string, nowMs: number): string {
    if (this.#stored !== undefined) return 'repeated'
    this.#stored = { what, untilMs: nowMs + keepMs }
    return 'kept'
  }
}
