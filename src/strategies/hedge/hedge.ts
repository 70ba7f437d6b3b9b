import type { Call } from '../../core/call.ts'
import { headerValue } from '../../core/headers.ts'
import { type GatewayRequest, isSafe } from '../../core/request.ts'
import type { Layer } from '../../core/service.ts'
import { anyExtraLoad, type ExtraLoad } from '../../kit/budgets.ts'
import type { Clock } from '../../kit/clock.ts'
import { type RaceView, race, type Step } from '../../kit/race.ts'
import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import { formatDurationMs } from '../../kit/units.ts'
import { ExtraBudget } from '../extra-budget.ts'
import { shareText } from '../share-text.ts'
import { anySuccess, type Strategy } from '../strategy.ts'
import { decideHedge, type HedgePlan } from './decide.ts'
import { type HedgeDelay, hedgeDelay } from './delay.ts'
import { type HedgeOptions, hedgeOptions } from './options.ts'
import { OwnPauses } from './own-pauses.ts'

type Rules = Pick<HedgeOptions, 'after' | 'extra' | 'spacing' | 'first' | 'budget' | 'unsafe'>

/** `decide.ts` decides when extras go out and which answer is returned. */
export function hedge(
  rules: Rules,
  clock: Clock,
  memory: MemoryScope = new SharedMemory(),
  extraLoad: ExtraLoad = anyExtraLoad,
): Layer {
  const delay = hedgeDelay(rules.after, memory)
  const pauses = new OwnPauses()
  const budget = ExtraBudget.of(rules.budget, memory, extraLoad)
  return function hedgeLayer(next) {
    return async (request, call) => {
      budget?.callStarted()
      const hedged = new HedgedCall(planFor(request, rules, delay), { budget, extraLoad, delay, pauses, call, clock })
      try {
        return await race({ judge: (view) => hedged.judge(view), next, request, call, clock })
      } finally {
        hedged.end()
      }
    }
  }
}

function planFor(request: GatewayRequest, rules: Rules, delay: HedgeDelay): HedgePlan {
  const allowed =
    isSafe(request.method) || rules.unsafe === 'allow' || headerValue(request.headers, 'idempotency-key') !== undefined
  const extra = allowed ? rules.extra : 0
  return { afterMs: delay.delayMs(), spacingMs: rules.spacing, extra, first: rules.first }
}

interface HedgedCallDeps {
  readonly budget: ExtraBudget | undefined
  readonly extraLoad: ExtraLoad
  readonly delay: HedgeDelay
  readonly pauses: OwnPauses
  readonly call: Call
  readonly clock: Clock
}

/**
 * Holds a call's plan to the budget: extras that the budget denies are removed from the plan. Reports the outcome of
 * the first attempt to the delay.
 */
class HedgedCall {
  readonly #deps: HedgedCallDeps
  #plan: HedgePlan
  #granted = 0
  /** Step of the delay, until the outcome is reported; undefined if the call may not be hedged and so reports none. */
  #delayStep: number | undefined
  /** At the start of the call. */
  #stalledMs = 0

  constructor(plan: HedgePlan, deps: HedgedCallDeps) {
    this.#plan = plan
    this.#deps = deps
    if (plan.extra === 0 || !deps.delay.learns) return
    this.#delayStep = deps.delay.begin()
    this.#stalledMs = deps.clock.stalledMs()
  }

  judge(view: RaceView): Step {
    const step = decideHedge(view, this.#plan)
    if (this.#delayStep !== undefined) this.#tellDelay(view, step, this.#delayStep)
    return step.do === 'send' && step.kind === 'hedge' ? this.#withinBudget(view, step) : step
  }

  /** The race and its extras are over. */
  end(): void {
    if (this.#delayStep !== undefined) this.#deps.delay.neither()
    this.#deps.budget?.giveBack(this.#granted)
    this.#granted = 0
  }

  /** As early as possible; before the budget is asked, because an attempt is late even if no hedge is granted. */
  #tellDelay({ runners: [first] }: RaceView, step: Step, delayStep: number): void {
    if (first === undefined || step.do === 'wait') return
    const { delay, pauses, clock } = this.#deps
    this.#delayStep = undefined
    if (clock.stalledMs() !== this.#stalledMs && pauses.leaveOut()) return delay.neither()
    pauses.counted()
    if (first.outcome === undefined && step.do === 'send') delay.late(delayStep)
    else if (first.outcome?.ok && first.endedMs !== undefined) delay.inTime(delayStep, first.endedMs)
    else delay.neither()
  }

  #withinBudget(view: RaceView, step: Extract<Step, { do: 'send' }>): Step {
    const { budget, extraLoad, call } = this.#deps
    // At the first attempt's target, or at one that is unavailable, an extra could only do harm.
    const wanted = extraLoad.hasOther(call) ? step.count : 0
    const count = budget === undefined ? wanted : budget.take(wanted)
    if (budget !== undefined) this.#granted += count
    if (count < step.count) {
      call.emit({ type: 'hedge.denied' })
      this.#plan = { ...this.#plan, extra: view.runners.length - 1 + count }
    }
    if (count === 0) return decideHedge(view, this.#plan)
    const late = view.runners.some(({ outcome }) => outcome === undefined)
    call.emit({ type: 'hedge.sent', count, because: late ? 'late' : 'failed' })
    return { ...step, count }
  }
}

export const hedgeStrategy: Strategy<typeof hedgeOptions> = {
  options: hedgeOptions,
  settings: ({ after, extra, budget }) => `after ${afterText(after)}, up to ${extra} more, budget ${shareText(budget)}`,
  plan: (options, { clock, memory, extraLoad }) => ({
    attempts: { kind: 'line', line: options, layer: hedge(options, clock, memory, extraLoad(options.upstream)) },
    goodStatus: anySuccess,
    answer: { kind: 'streamed', maxBytes: options.maxAnswer },
    body: { kind: 'held', maxBytes: options.bodyLimit },
  }),
}

function afterText(after: HedgeOptions['after']): string {
  if (typeof after === 'number') return formatDurationMs(after)
  const { quantile, min, max } = after
  return `p${Number((quantile * 100).toFixed(7))} (${formatDurationMs(min)} to ${formatDurationMs(max)})`
}
