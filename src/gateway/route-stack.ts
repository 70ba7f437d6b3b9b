import type { BroadcastDeps } from '../broadcast/broadcast.ts'
import type { Deliveries } from '../broadcast/deliveries.ts'
import { type Delivering, delivering } from '../broadcast/delivering.ts'
import type { CallbackDeps } from '../callback/callback.ts'
import type { Callbacks } from '../callback/callbacks.ts'
import { matchText } from '../config/match.ts'
import { planStrategy, type StrategyName } from '../config/registry.ts'
import { optionsIf } from '../config/route-strategy.ts'
import type { RouteConfig } from '../config/schema.ts'
import type { Layer, Service } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { Random } from '../kit/random.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import { attemptTimeout } from '../layers/attempt-timeout/attempt-timeout.ts'
import { bufferBody } from '../layers/buffer-body/buffer-body.ts'
import { deadline } from '../layers/deadline/deadline.ts'
import { resolveDeadline, usualDeadlineMs } from '../layers/deadline/options.ts'
import { headAsGet } from '../layers/head-as-get.ts'
import { retry } from '../layers/retry/retry.ts'
import { rewrite } from '../layers/rewrite/rewrite.ts'
import { statusCounts, success } from '../layers/success/success.ts'
import { timedAnswer } from '../layers/timed-answer/timed-answer.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { LineOptions, StrategyPlan } from '../strategies/strategy.ts'
import { attemptTelemetry } from '../telemetry/attempt-telemetry.ts'
import { balance } from '../upstream/balance/balance.ts'
import { elsewhere } from '../upstream/balance/elsewhere.ts'
import { patienceMs } from '../upstream/health/verdict.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Admission } from './admission.ts'

export interface StackDeps {
  readonly clock: Clock
  readonly random: Random
  /** Shared by all workers. */
  readonly memory: MemoryScope
  readonly upstream: (name: string) => Upstream
  readonly admission: Admission
  /** Set when tracing is enabled. */
  readonly attemptTrace?: Layer | undefined
  /** Takes the writes of broadcast routes. */
  readonly deliver: BroadcastDeps['deliver']
  /** Set when a route uses `callback`. */
  readonly callbacks: Callbacks | undefined
}

export interface RouteStack {
  readonly service: Service
  readonly strategy: StrategyName
  /** Whether upgrades (WebSocket) are allowed. */
  readonly upgrades: boolean
  /** See `StrategyPlan`. */
  readonly failureStatuses: NonNullable<StrategyPlan['failureStatuses']>
}

/**
 * The layers of a call, outermost first. The listener has already given the call its id, and later turns a failure into
 * a response (`transport/server/failure-table.ts`).
 */
export function routeStack(route: RouteConfig, deps: StackDeps): RouteStack {
  const { name, plan } = planOf(route, deps)
  const timed = route.answer === 'timed'
  const answersWhole = timed || plan.holdsAnswer
  const allowed = resolveDeadline(route.deadline, plan.usualDeadlineMs ?? usualDeadlineMs)
  const { admission } = deps
  const layers = [
    // First: rejecting a call over its rate must cost next to nothing.
    admission.rateLimit(route),
    // Outside everything that takes time, including the wait for a turn: the deadline covers the whole call.
    deadline(allowed, deps.clock),
    // Inside the deadline, which ends the wait too. Outside the body buffer, so that only admitted calls hold bodies.
    // The route's limit precedes the gateway's: a call that waits for its route must not occupy a gateway-wide slot.
    admission.ofRoute(route),
    admission.ofWhole(route),
    // Outside the strategy, as it reports the time of the whole call.
    timed && timedAnswer(),
    // Inside the deadline, so that a client that sends its body slowly cannot hold the call for ever.
    plan.maxHeldBodyBytes !== undefined && bufferBody(plan.maxHeldBodyBytes),
    // Outside the strategy, so that all attempts send the same method.
    (answersWhole || linesOf(plan).some(([, line]) => line.success.json)) && headAsGet(),
    // A strategy that stores requests stores them as targets will receive them, whatever a later reload changes.
    plan.choosesTargets && isLine(plan.lines) && rewrite(plan.lines),
    plan.layer,
  ]
  // A plan that chooses its own targets sends its attempts through `deliveryStack`.
  const lines = plan.choosesTargets ? [] : linesOf(plan)
  const attemptDeps = { ...deps, timed, patienceMs: patienceMs(allowed.default) }
  const stacks = lines.map(([part, line]) => [part, attemptStack(line, plan, attemptDeps)] as const)
  return {
    service: compose(layers, byPart(new Map(stacks))),
    strategy: name,
    upgrades: plan.upgrades,
    failureStatuses: plan.failureStatuses ?? {},
  }
}

export interface DeliveryStackDeps extends Omit<StackDeps, 'deliver' | 'callbacks' | 'admission'> {
  readonly newId: () => string
  readonly deliveries: Deliveries
  readonly store: DeliveryStore
}

/** The remaining layers for a broadcast route's writes; deliveries run in the main thread only. */
export function deliveryStack(route: RouteConfig, deps: DeliveryStackDeps): Delivering {
  const broadcast = optionsIf('broadcast', route)
  if (broadcast === undefined) throw new Error('deliveries are made for a route that does not broadcast')
  const routeName = matchText(route.match)
  const noDeliver = (): never => {
    throw new Error('where deliveries are made they are not asked of another place')
  }
  const { plan } = planOf(route, { ...deps, deliver: noDeliver, callbacks: undefined })
  const send = attemptStack({ ...broadcast, retry: undefined }, plan, { ...deps, timed: false, patienceMs: 0 })
  return delivering(broadcast, { ...deps, routeName, targets: deps.upstream(broadcast.upstream).targets, send })
}

type AttemptDeps = Omit<StackDeps, 'deliver' | 'callbacks' | 'admission'> & {
  readonly timed: boolean
  /** An attempt counts against its target only if the deadline left it at least this long. */
  readonly patienceMs: number
}

/** The layers of each attempt; built once per line of attempts. */
function attemptStack(line: LineOptions, plan: StrategyPlan, deps: AttemptDeps): Service {
  const upstream = deps.upstream(line.upstream)
  const good = line.success.status ?? plan.goodStatus
  const counts = (status: number): boolean => statusCounts(good, status)
  const passesAnyStatus = plan.passesAnyStatus && !deps.timed
  const json = line.success.json || deps.timed
  const layers = [
    // Once for all attempts of the line, as it does not depend on the target.
    !plan.choosesTargets && rewrite(line),
    // Outside the retry: each call pays once into the budget for extra attempts.
    (!plan.choosesTargets && upstream.extraLoad.payLayer()) ?? false,
    // Outside the balancer, so that each try may go to another target.
    line.retry !== undefined &&
      retry(line.retry, {
        ...deps,
        budget: upstream.retryBudget(line.retry),
        extra: upstream.extraLoad.budget,
        statusCounts: counts,
      }),
    // Inside the retry, whose verdict it uses; outside the balancer, which it asks for targets that have not failed.
    !plan.choosesTargets && upstream.mayTryElsewhere && elsewhere(upstream.rotation),
    // Chooses the target; from here on the request belongs to one attempt.
    !plan.choosesTargets && balance(upstream.balancer, upstream.name, upstream.health),
    // Inside the balancer, as each attempt has its own span; outside every layer that can end the attempt.
    deps.attemptTrace !== undefined && deps.attemptTrace,
    // Inside the retry: only the attempt times out, and another may follow.
    line.attemptTimeout !== undefined && attemptTimeout(line.attemptTimeout, deps.clock),
    // Outside the success check, whose result it records.
    attemptTelemetry({ clock: deps.clock, statusCounts: counts, onNoted: upstream.noteWith(deps.patienceMs) }),
    // Next to the wire, so that all outer layers agree on what counts as success.
    (!passesAnyStatus || json || line.success.contentType !== undefined) &&
      success({
        status: passesAnyStatus ? undefined : good,
        judgedOnly: passesAnyStatus ? good : undefined,
        json,
        contentType: line.success.contentType,
        hold: plan.holdsAnswer || deps.timed,
        maxAnswerBytes: plan.maxAnswerBytes,
        bodyMayFail: plan.bodyMayFail ?? false,
        clock: deps.clock,
      }),
  ]
  return compose(layers, upstream.send)
}

function planOf(
  route: RouteConfig,
  deps: Omit<StackDeps, 'admission'>,
): { readonly name: StrategyName; readonly plan: StrategyPlan } {
  const strategyDeps: BroadcastDeps & CallbackDeps = {
    ...deps,
    memory: deps.memory.scope(`route ${matchText(route.match)}`),
    extraLoad: (name) => deps.upstream(name).extraLoad,
    routeName: matchText(route.match),
  }
  return { name: route.strategy.name, plan: planStrategy(route.strategy, strategyDeps) }
}

/** Lines by name; a strategy with one line has it under the empty name. */
function linesOf({ lines }: StrategyPlan): readonly (readonly [string, LineOptions])[] {
  return isLine(lines) ? [['', lines]] : Object.entries(lines)
}

function isLine(lines: StrategyPlan['lines']): lines is LineOptions {
  return typeof lines['upstream'] === 'string'
}

/** Each named line has its own stack, as its upstream and rules may differ. */
function byPart(stacks: ReadonlyMap<string, Service>): Service {
  const only = stacks.get('')
  if (only !== undefined) return only
  return (request, call) => {
    const stack = stacks.get(request.part ?? '')
    if (stack === undefined) throw new Error(`there is no call named ${request.part}`)
    return stack(request, call)
  }
}

function compose(layers: readonly (Layer | false)[], innermost: Service): Service {
  return layers.reduceRight((next, layer) => (layer === false ? next : layer(next)), innermost)
}
