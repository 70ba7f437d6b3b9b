import type { Call } from '../core/call.ts'
import { type Levels, type MemoryScope, SharedMemory } from './shared-memory.ts'

/**
 * Budgets bound extra load: they allow a few extra requests while all is well, and prevent a retry storm when it is
 * not. Each request for a unit is granted or denied; a granted unit is given back when the extra ends. A budget covers
 * all workers that share its memory: it never grants more than it allows, even when two workers ask at once.
 */
export interface Budget {
  /** Takes one unit if one is available. */
  tryTake(): boolean
  /** Gives back one unit that `tryTake` granted. */
  giveBack(): void
}

export const unlimitedBudget: Budget = { tryTake: () => true, giveBack: () => {} }

/** Requires both budgets to grant. If the second denies, the unit of the first is given back. */
export function bothBudgets(first: Budget, second: Budget | undefined): Budget {
  if (second === undefined) return first
  return {
    tryTake: () => {
      if (!first.tryTake()) return false
      if (second.tryTake()) return true
      first.giveBack()
      return false
    },
    giveBack: () => {
      first.giveBack()
      second.giveBack()
    },
  }
}

/** The load that an upstream can take beyond one attempt per call. */
export interface ExtraLoad {
  /** Shared by all routes that use the upstream; undefined: no limit. */
  readonly budget: Budget | undefined
  /** Whether some target may receive a further attempt of this call: a different one, if there are several. */
  hasOther(call: Call): boolean
}

export const anyExtraLoad: ExtraLoad = { budget: undefined, hasOther: () => true }

export interface BudgetOptions {
  /** 0.2 = one extra for every five requests. */
  readonly share: number
  /** Extras in flight that are always allowed, so that a quiet upstream can be retried at all. */
  readonly floor: number
}

/** Sums and products of shares such as 0.2 or 0.29 fall short of whole numbers by some 1e-14. */
const rounding = 1e-9

const cell = { active: 0, extra: 1 } as const

/**
 * Extra attempts in flight, as a share of all attempts in flight: Envoy's retry budget (20 %, at least 3;
 * envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget).
 */
export class ActiveBudget implements Budget {
  readonly #options: BudgetOptions
  readonly #inFlight: Levels

  constructor(options: BudgetOptions, memory: MemoryScope = new SharedMemory()) {
    this.#options = options
    this.#inFlight = memory.levels('active budget', 2)
  }

  get extraInFlight(): number {
    return this.#inFlight.sum(cell.extra)
  }

  attemptStarted(): void {
    this.#inFlight.add(cell.active, 1)
  }

  attemptEnded(): void {
    this.#inFlight.add(cell.active, -1)
  }

  tryTake(): boolean {
    const { share, floor } = this.#options
    const allowed = Math.floor(share * this.#inFlight.sum(cell.active) + rounding)
    return this.#inFlight.tryAdd(cell.extra, Math.max(floor, allowed))
  }

  giveBack(): void {
    this.#inFlight.add(cell.extra, -1)
  }
}

/** Cost of one extra: shares are exact to a ten-thousandth of a percent. */
const price = 1_000_000
const burst = 100

/**
 * Extra attempts over time, as a share of calls: each call pays `share` into an account, each extra takes 1 out. The
 * account holds at most `burst`, so that a quiet hour does not pay for a storm. While fewer extras than the floor are
 * in flight, an extra is granted whatever the balance, and takes out 1 or whatever is left.
 */
export class CallBudget implements Budget {
  readonly #payment: number
  readonly #floor: number
  readonly #most: number
  readonly #account: Int32Array
  readonly #inFlight: Levels

  constructor(options: BudgetOptions & { readonly burst?: number }, memory: MemoryScope = new SharedMemory()) {
    this.#payment = Math.round(options.share * price)
    this.#floor = options.floor
    this.#most = (options.burst ?? burst) * price
    this.#account = memory.cells('call budget', 1)
    this.#inFlight = memory.levels('call budget', 1)
  }

  get extraInFlight(): number {
    return this.#inFlight.sum(0)
  }

  callStarted(): void {
    this.#change((account) => Math.min(this.#most, account + this.#payment))
  }

  tryTake(): boolean {
    if (this.#inFlight.tryAdd(0, this.#floor)) {
      this.#change((account) => Math.max(0, account - price))
      return true
    }
    if (!this.#change((account) => (account < price ? undefined : account - price))) return false
    this.#inFlight.add(0, 1)
    return true
  }

  giveBack(): void {
    this.#inFlight.add(0, -1)
  }

  /** Returns false if `to` returns undefined. */
  #change(to: (account: number) => number | undefined): boolean {
    for (;;) {
      const account = Atomics.load(this.#account, 0)
      const next = to(account)
      if (next === undefined) return false
      if (Atomics.compareExchange(this.#account, 0, account, next) === account) return true
    }
  }
}
