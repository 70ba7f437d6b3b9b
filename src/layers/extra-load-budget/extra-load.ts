import type { Target } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { Layer } from '../../core/service.ts'
import { type Budget, CallBudget, type ExtraLoad } from '../../kit/budgets.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { ExtraLoadOptions } from './options.ts'

export interface Usable {
  readonly targets: readonly Target[]
  isAvailable(index: number): boolean
}

/** Load that an upstream can bear beyond one attempt per call: one account for all routes, in all workers. */
export class UpstreamExtraLoad implements ExtraLoad {
  readonly #account: CallBudget | undefined
  readonly #usable: Usable
  #isUsed = false

  constructor(options: ExtraLoadOptions, usable: Usable, memory: MemoryScope) {
    this.#usable = usable
    if (options === 'unlimited') return
    const { share, min } = options
    this.#account = new CallBudget({ share, floor: min }, memory.scope(`extra load ${share} ${min}`))
  }

  /** Asking for the budget implies spending from it: from then on, calls pay into it. */
  get budget(): Budget | undefined {
    this.#isUsed = true
    return this.#account
  }

  hasOther({ attempts }: Call): boolean {
    const { targets } = this.#usable
    const isTried = (target: Target): boolean => attempts.some((attempt) => attempt.target === target)
    const untried = targets.filter((target) => !isTried(target))
    const asked = untried.length === 0 ? targets : untried
    return asked.some((target) => this.#usable.isAvailable(targets.indexOf(target)))
  }

  /** The first attempt of each call earns a share of an extra one. Undefined if there is nothing to pay for. */
  payLayer(): Layer | undefined {
    const account = this.#account
    if (account === undefined) return undefined
    return (next) => {
      return (request, call) => {
        if (this.#isUsed && (call.kind === 'first' || call.attempts.length === 0)) account.callStarted()
        return next(request, call)
      }
    }
  }
}
