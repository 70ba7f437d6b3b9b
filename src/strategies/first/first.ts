import type { Layer } from '../../core/service.ts'
import { anyExtraLoad, type ExtraLoad } from '../../kit/budgets.ts'
import type { Clock } from '../../kit/clock.ts'
import { race } from '../../kit/race.ts'
import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import { ExtraBudget } from '../extra-budget.ts'
import { shareText } from '../share-text.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { decideFirst, type FirstRules } from './decide.ts'
import { type FirstOptions, firstOptions } from './options.ts'

type Rules = FirstRules & Partial<Pick<FirstOptions, 'budget'>>

/** Sends the same request several times at once; `decide.ts` chooses the answer. */
export function first(
  rules: Rules,
  clock: Clock,
  memory: MemoryScope = new SharedMemory(),
  extraLoad: ExtraLoad = anyExtraLoad,
): Layer {
  const { budget: share = 'unlimited', ...asked } = rules
  const budget = ExtraBudget.of(share, memory, extraLoad)
  return function firstLayer(next) {
    return async (request, call) => {
      budget?.callStarted()
      const granted = budget === undefined ? asked.calls - 1 : budget.take(asked.calls - 1)
      if (granted < asked.calls - 1) call.emit({ type: 'hedge.denied' })
      const within = { ...asked, calls: 1 + granted }
      try {
        return await race({ judge: (view) => decideFirst(view, within), next, request, call, clock })
      } finally {
        budget?.giveBack(granted)
      }
    }
  }
}

export const firstStrategy: Strategy<typeof firstOptions> = {
  options: firstOptions,
  settings: ({ calls, settle, budget }) => `${calls} at once, first ${settle}, budget ${shareText(budget)}`,
  plan: (options, { clock, memory, extraLoad }) => ({
    attempts: { kind: 'line', line: options, layer: first(options, clock, memory, extraLoad(options.upstream)) },
    goodStatus: anySuccess,
    answer: { kind: 'streamed', maxBytes: options.maxAnswer },
    body: { kind: 'held', maxBytes: options.bodyLimit },
  }),
}
