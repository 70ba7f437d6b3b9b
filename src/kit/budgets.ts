/**
 * Budgets bound extra load: they let a few more requests out while all is well, and stop a storm of them when it is
 * not. Each grants or denies; what was granted is given back when it is done.
 */
export interface Budget {
  /** Takes one unit if there is one. */
  tryTake(): boolean
  /** Gives back one unit that `tryTake` granted. */
  giveBack(): void
}

export const unlimitedBudget: Budget = { tryTake: () => true, giveBack: () => {} }

export interface BudgetOptions {
  /** 0.2 = one extra for every five. */
  readonly share: number
  /** So many in flight are always allowed, so that a quiet upstream can be retried at all. */
  readonly floor: number
}

/** Sums and products of shares such as 0.2 or 0.29 fall short of whole numbers by some 1e-14. */
const rounding = 1e-9

/**
 * Extra attempts in flight, as a share of what is in flight altogether: Envoy's retry budget (20 %, at least 3;
 * envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget).
 */
export class ActiveBudget implements Budget {
  readonly #options: BudgetOptions
  #active = 0
  #extra = 0

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  get extraInFlight(): number {
    return this.#extra
  }

  attemptStarted(): void {
    this.#active++
  }

  attemptEnded(): void {
    this.#active--
  }

  tryTake(): boolean {
    const allowed = Math.floor(this.#options.share * this.#active + rounding)
    if (this.#extra >= Math.max(this.#options.floor, allowed)) return false
    this.#extra++
    return true
  }

  giveBack(): void {
    this.#extra--
  }
}

/**
 * Extra attempts over time, as a share of calls: each call pays `share` into an account, each extra takes 1 out. The
 * account holds at most `burst`, so that a quiet hour does not pay for a storm. Below the floor of extras in flight
 * one is granted whatever the account says, and takes out what there is.
 */
export class CallBudget implements Budget {
  readonly #options: BudgetOptions
  readonly #burst: number
  #account = 0
  #inFlight = 0

  constructor(options: BudgetOptions, burst = 100) {
    this.#options = options
    this.#burst = burst
  }

  get extraInFlight(): number {
    return this.#inFlight
  }

  callStarted(): void {
    this.#account = Math.min(this.#burst, this.#account + this.#options.share)
  }

  tryTake(): boolean {
    if (this.#account < 1 - rounding && this.#inFlight >= this.#options.floor) return false
    this.#account = Math.max(0, this.#account - 1)
    this.#inFlight++
    return true
  }

  giveBack(): void {
    this.#inFlight--
  }
}
