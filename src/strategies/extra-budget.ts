import { type Budget, bothBudgets, CallBudget, type ExtraLoad } from '../kit/budgets.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'

/** Number of extras in flight that are always allowed. */
const budgetFloor = 3

/** Limits a strategy's attempts beyond the first: by its own share of calls, and by the extra load of the upstream. */
export class ExtraBudget {
  readonly #own: CallBudget
  readonly #both: Budget

  private constructor(own: CallBudget, extraLoad: ExtraLoad) {
    this.#own = own
    this.#both = bothBudgets(own, extraLoad.budget)
  }

  /** Undefined: no limit. */
  static of(share: number | 'unlimited', memory: MemoryScope, extraLoad: ExtraLoad): ExtraBudget | undefined {
    if (share === 'unlimited') return undefined
    return new ExtraBudget(new CallBudget({ share, floor: budgetFloor }, memory), extraLoad)
  }

  callStarted(): void {
    this.#own.callStarted()
  }

  /** Takes up to `wanted`; returns how many it could take. */
  take(wanted: number): number {
    let taken = 0
    while (taken < wanted && this.#both.tryTake()) taken++
    return taken
  }

  giveBack(count: number): void {
    for (let i = 0; i < count; i++) this.#both.giveBack()
  }
}
