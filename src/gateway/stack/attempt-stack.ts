import type { Service, TargetLayer, TargetService } from '../../core/service.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { formatDurationMs } from '../../kit/units.ts'
import { attemptTimeout } from '../../layers/attempt-timeout/attempt-timeout.ts'
import { extraLoadText } from '../../layers/extra-load-budget/options.ts'
import { retryText } from '../../layers/retry/options.ts'
import { retry } from '../../layers/retry/retry.ts'
import { rewriteText } from '../../layers/rewrite/options.ts'
import { rewrite, rewrites } from '../../layers/rewrite/rewrite.ts'
import { successText } from '../../layers/success/rules-text.ts'
import { statusCounts, success } from '../../layers/success/success.ts'
import type { LineOptions, StrategyPlan } from '../../strategies/strategy.ts'
import { attemptTelemetry } from '../../telemetry/attempt-telemetry.ts'
import { balance } from '../../upstream/balance/balance.ts'
import { elsewhere } from '../../upstream/balance/elsewhere.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import { compose, type StackLayer } from './stack-layer.ts'

export interface AttemptStackDeps extends Pick<Runtime, 'clock' | 'random'> {
  readonly upstream: (name: string) => Upstream
  /** Set when tracing is enabled. */
  readonly attemptTrace?: TargetLayer | undefined
  readonly timed: boolean
  /** An attempt counts against its target only if the deadline left it at least this long. */
  readonly patienceMs: number
}

/** The layers of each attempt, outermost first. */
export interface AttemptLayers {
  /** Before a target is chosen. */
  readonly outer: readonly StackLayer[]
  /** Chooses the target; from here on the request belongs to one attempt. */
  readonly balancer: StackLayer<(next: TargetService) => Service>
  /** The layers of one attempt at its target. */
  readonly inner: readonly StackLayer<TargetLayer>[]
}

/** The path of attempts to one upstream; built once per line. */
export function attemptStack(line: LineOptions, plan: AttemptFacts, deps: AttemptStackDeps): Service {
  const { outer, balancer, inner } = attemptLayers(line, plan, deps)
  return compose(outer, balancer.layer(compose(inner, deps.upstream(line.upstream).send)))
}

/** The same for a strategy that has already chosen the target. */
export function targetStack(line: LineOptions, plan: AttemptFacts, deps: AttemptStackDeps): TargetService {
  return compose(targetLayers(line, plan, deps), deps.upstream(line.upstream).send)
}

type AttemptFacts = Pick<StrategyPlan, 'goodStatus' | 'answer'>

export function attemptLayers(line: LineOptions, plan: AttemptFacts, deps: AttemptStackDeps): AttemptLayers {
  const upstream = deps.upstream(line.upstream)
  const { retry: retryOptions } = line
  const payLayer = upstream.extraLoad.payLayer()
  const outer: (StackLayer | false)[] = [
    rewrites(line) && {
      role: 'rewrite',
      settings: () => rewriteText(line),
      why: 'once for all attempts, as it does not depend on the target',
      layer: rewrite(line),
    },
    payLayer !== undefined && {
      role: 'extra-load-budget',
      settings: () => extraLoadText(upstream.config.budget),
      why: 'outside the retry, so that each call pays once into the budget for extra attempts',
      layer: payLayer,
    },
    retryOptions !== undefined && {
      role: 'retry',
      settings: () => retryText(retryOptions),
      why: 'outside the balancer, so that each try may go to another target',
      layer: retry(retryOptions, {
        ...deps,
        budget: upstream.retryBudget(retryOptions),
        extra: upstream.extraLoad.budget,
        statusCounts: statusRule(line, plan),
      }),
    },
    upstream.mayTryElsewhere && {
      role: 'retry-elsewhere',
      settings: () => 'TLS failures',
      why: 'inside the retry, whose verdict it changes while another target may answer',
      layer: elsewhere(upstream.rotation),
    },
  ]
  return {
    outer: outer.filter((layer) => layer !== false),
    balancer: {
      role: 'balance',
      settings: () => upstream.config.balance.kind,
      why: 'chooses the target; from here on the request belongs to one attempt',
      layer: balance(upstream.balancer, upstream.name, upstream.health),
    },
    inner: targetLayers(line, plan, deps),
  }
}

export function targetLayers(
  line: LineOptions,
  plan: AttemptFacts,
  { clock, timed, patienceMs, attemptTrace, upstream }: AttemptStackDeps,
): readonly StackLayer<TargetLayer>[] {
  const { answer, goodStatus } = plan
  const good = line.success.status ?? goodStatus
  const passesAnyStatus = answer.kind === 'passed' && !timed
  const json = line.success.json || timed
  const rules = {
    status: passesAnyStatus ? undefined : good,
    judgedOnly: passesAnyStatus ? good : undefined,
    json,
    contentType: line.success.contentType,
    hold: answer.kind === 'held' || timed,
    maxAnswerBytes: answer.maxBytes,
    bodyMayFail: answer.kind === 'held' && answer.statusSuffices,
    clock,
  }
  const { attemptTimeout: timeoutMs } = line
  const layers: (StackLayer<TargetLayer> | false)[] = [
    attemptTrace !== undefined && {
      role: 'attempt-trace',
      settings: () => 'a span',
      why: 'outside every layer that can end the attempt, so that each attempt has its own span',
      layer: attemptTrace,
    },
    timeoutMs !== undefined && {
      role: 'attempt-timeout',
      settings: () => formatDurationMs(timeoutMs),
      why: 'ends only this attempt, so that another may follow',
      layer: attemptTimeout(timeoutMs, clock),
    },
    {
      role: 'attempt-telemetry',
      settings: () => 'outcome and time',
      why: 'outside the success check, whose result it records',
      layer: attemptTelemetry({
        clock,
        statusCounts: statusRule(line, plan),
        onNoted: upstream(line.upstream).noteWith(patienceMs),
      }),
    },
    (!passesAnyStatus || json || rules.contentType !== undefined) && {
      role: 'success',
      settings: () => successText(rules),
      why: 'next to the wire, so that all outer layers agree on what is good',
      layer: success(rules),
    },
  ]
  return layers.filter((layer) => layer !== false)
}

function statusRule(line: LineOptions, { goodStatus }: AttemptFacts): (status: number) => boolean {
  const good = line.success.status ?? goodStatus
  return (status) => statusCounts(good, status)
}
