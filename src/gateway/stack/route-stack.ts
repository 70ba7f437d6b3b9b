import type { BroadcastDeps } from '../../broadcast/broadcast.ts'
import type { Callbacks } from '../../callback/callbacks.ts'
import { routeScope } from '../../config/derived/memory-scopes.ts'
import { matchText } from '../../config/match.ts'
import { planStrategy, type StrategyName } from '../../config/registry.ts'
import type { RouteConfig } from '../../config/route-schema.ts'
import type { Service } from '../../core/service.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { formatSizeBytes } from '../../kit/units.ts'
import { bufferBody } from '../../layers/buffer-body/buffer-body.ts'
import { deadline } from '../../layers/deadline/deadline.ts'
import { deadlineText, resolveDeadline, usualDeadlineMs } from '../../layers/deadline/options.ts'
import { headAsGet } from '../../layers/head-as-get.ts'
import { rewriteText } from '../../layers/rewrite/options.ts'
import { rewrite, rewrites } from '../../layers/rewrite/rewrite.ts'
import { timedAnswer } from '../../layers/timed-answer/timed-answer.ts'
import type { AttemptPlan, LineOptions, StrategyPlan } from '../../strategies/strategy.ts'
import { takesHead } from '../../transport/server/router.ts'
import { patienceMs } from '../../upstream/health/verdict.ts'
import { addedLayers } from './added-layers.ts'
import type { Admission } from './admission.ts'
import { type AttemptStackDeps, attemptStack } from './attempt-stack.ts'
import { compose, type StackLayer } from './stack-layer.ts'

export interface StackDeps extends Omit<AttemptStackDeps, 'timed' | 'patienceMs'>, Pick<Runtime, 'memory'> {
  readonly admission: Admission
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

export function routeStack(route: RouteConfig, deps: StackDeps): RouteStack {
  const { plan, layers, attemptDeps } = routeLayers(route, deps)
  const { answer, failureStatuses = {} } = plan
  return {
    service: compose(layers, strategyService(plan, attemptDeps)),
    strategy: route.strategy.name,
    upgrades: answer.kind === 'passed' && answer.upgrades,
    failureStatuses,
  }
}

export interface RouteLayers {
  readonly plan: StrategyPlan
  /** The layers of a call around its strategy, outermost first. */
  readonly layers: readonly StackLayer[]
  readonly attemptDeps: AttemptStackDeps
}

/**
 * The listener has already given the call its id, and later turns a failure into a response
 * (`transport/server/failure-table.ts`).
 */
export function routeLayers(route: RouteConfig, deps: StackDeps): RouteLayers {
  const memory = deps.memory.scope(routeScope(route.match))
  const plan = planStrategy(route.strategy, {
    ...deps,
    memory,
    extraLoad: (name) => deps.upstream(name).extraLoad,
    routeName: matchText(route.match),
  })
  const { admission, clock, random } = deps
  const { attempts, body } = plan
  const timed = route.answer === 'timed'
  const allowed = resolveDeadline(route.deadline, plan.usualDeadlineMs ?? usualDeadlineMs)
  const added = (stage: 'admission' | 'call') =>
    addedLayers(route, stage, { clock, random, memory, clientOf: admission.clientOf })
  const layers: (StackLayer | false)[] = [
    // Outside the deadline stands only what answers at once.
    ...added('admission'),
    {
      role: 'deadline',
      settings: () => deadlineText(allowed),
      why: 'covers the whole call, including time in a queue',
      layer: deadline(allowed, clock),
    },
    // Outside the body buffer, so that only admitted calls hold bodies. The route's limit precedes the gateway's: a call
    // that waits for its route must not occupy a gateway-wide slot.
    admission.ofRoute(route),
    admission.ofWhole(route),
    ...added('call'),
    timed && {
      role: 'timed-answer',
      settings: () => 'JSON with the time and the answer',
      why: 'outside the strategy, because it reports the time of the whole call',
      layer: timedAnswer(),
    },
    body.kind === 'held' && {
      role: 'buffer-body',
      settings: () => `at most ${formatSizeBytes(body.maxBytes)}`,
      why: 'the body may be sent more than once; a client that sends it slowly meets the deadline',
      layer: bufferBody(body.maxBytes),
    },
    takesHead(route.match) &&
      needsWhole(plan, timed) && {
        role: 'head-as-get',
        settings: () => 'HEAD becomes GET',
        why: 'the answer is read, so it must have a body; all attempts send the same method',
        layer: headAsGet(),
      },
    attempts.kind === 'own' &&
      rewrites(attempts.line) && {
        role: 'rewrite',
        settings: () => rewriteText(attempts.line),
        why: 'requests are stored as targets will receive them, whatever a later reload changes',
        layer: rewrite(attempts.line),
      },
  ]
  return {
    plan,
    layers: layers.filter((layer) => layer !== false),
    attemptDeps: { ...deps, timed, patienceMs: patienceMs(allowed.default) },
  }
}

function strategyService(plan: StrategyPlan, deps: AttemptStackDeps): Service {
  const { attempts } = plan
  if (attempts.kind === 'own') return attempts.service
  if (attempts.kind === 'line') return attempts.layer(attemptStack(attempts.line, plan, deps))
  const stacks = Object.entries(attempts.lines).map(([name, line]) => [name, attemptStack(line, plan, deps)] as const)
  return attempts.service(Object.fromEntries(stacks))
}

/** Whether answers are read whole, and so cannot be those to a HEAD. */
function needsWhole({ answer, attempts }: StrategyPlan, timed: boolean): boolean {
  return timed || answer.kind === 'held' || linesOf(attempts).some(({ line }) => line.success.json)
}

export interface NamedLine {
  /** Undefined: all attempts take this line. */
  readonly name: string | undefined
  readonly line: LineOptions
}

export function linesOf(attempts: AttemptPlan): readonly NamedLine[] {
  if (attempts.kind !== 'lines') return [{ name: undefined, line: attempts.line }]
  return Object.entries(attempts.lines).map(([name, line]) => ({ name, line }))
}
