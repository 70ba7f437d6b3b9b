import type { Call } from '../core/call.ts'
import { type Levels, type MemoryScope, SharedMemory } from './shared-memory.ts'

/**
 * Budgets bound extra load: they let a few more requests out while all is well, and stop a storm of them when it is
 * not. Each grants or denies; what was granted is given back when it is done. They hold for all workers that share their
 * memory: never more is granted than they allow, also where two workers ask at once.
 */
export interface Budget {
  /** Takes one unit if there is one. */
  tryTake(): boolean
  /** Gives back one unit that `tryTake` granted. */
  giveBack(): void
}

export const unlimitedBudget: Budget = { tryTake: () => true, giveBack: () => {} }

/** Held to both. The first is asked first; where it grants what the second denies, it is given back. */
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

/** What an upstream can bear beyond one attempt for each call. */
export interface ExtraLoad {
  /** Of all routes that ask it; undefined: it bears any number. */
  readonly budget: Budget | undefined
  /** Whether there is a target that may be sent a further attempt of this call: another one, where there are several. */
  hasOther(call: Call): boolean
}

export const anyExtraLoad: ExtraLoad = { budget: undefined, hasOther: () => true }

export interface BudgetOptions {
  /** 0.2 = one extra for every five. */
  readonly share: number
  /** So many in flight are always allowed, so that a quiet upstream can be retried at all. */
  readonly floor: number
}

/** Sums and products of shares such as 0.2 or 0.29 fall short of whole numbers by some 1e-14. */
const rounding = 1e-9

const place = { active: 0, extra: 1 } as const

/**
 * Extra attempts in flight, as a share of what is in flight altogether: Envoy's retry budget (20 %, at least 3;
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
    return this.#inFlight.sum(place.extra)
  }

  attemptStarted(): void {
    this.#inFlight.add(place.active, 1)
  }

  attemptEnded(): void {
    this.#inFlight.add(place.active, -1)
  }

  tryTake(): boolean {
    const { share, floor } = this.#options
    const allowed = Math.floor(share * this.#inFlight.sum(place.active) + rounding)
    return this.#inFlight.tryAdd(place.extra, Math.max(floor, allowed))
  }

  giveBack(): void {
    this.#inFlight.add(place.extra, -1)
  }
}

/** What one extra costs: shares are whole to a ten-thousandth of a percent. */
const price = 1_000_000
const burst = 100

/**
 * Extra attempts over time, as a share of calls: each call pays `share` into an account, each extra takes 1 out. The
 * account holds at most `burst`, so that a quiet hour does not pay for a storm. Below the floor of extras in flight
 * one is granted whatever the account says, and takes out what there is.
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

  /** False if there is nothing to change it to. */
  #change(to: (account: number) => number | undefined): boolean {
    for (;;) {
      const account = Atomics.load(this.#account, 0)
      const next = to(account)
      if (next === undefined) return false
      if (Atomics.compareExchange(this.#account, 0, account, next) === account) return true
    }
  }
}
