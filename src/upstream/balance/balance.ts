import type { Attempt, Target } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import { targetRequest } from '../../core/request.ts'
import type { GatewayResponse } from '../../core/response.ts'
import type { Service, TargetService } from '../../core/service.ts'
import { isTargetsFault } from '../health/verdict.ts'
import type { Balancer } from './balancer.ts'
import type { Gate } from './gate.ts'
import type { TargetLoad } from './target-load.ts'

/** Chooses a target and begins an attempt at it. Inner layers therefore always have an attempt. */
export function balance(balancer: Balancer, upstream: string, gate?: Gate): (next: TargetService) => Service {
  return function balanceLayer(next) {
    const { load } = balancer
    return (request, call) => {
      const { attempts } = call
      const lastTried = (target: Target): number => {
        const last = attempts.findLast((attempt) => attempt.target === target)
        // The same target would fail the same way again.
        return last?.outcome === 'tls_error' ? Number.POSITIVE_INFINITY : (last?.number ?? 0)
      }
      let attempt: Attempt | undefined
      // Repeats only when a breaker lets one attempt through and another worker's came first.
      while (attempt === undefined) {
        const target = balancer.pick(attempts.length === 0 ? undefined : lastTried, request)
        if (target === undefined) return Promise.resolve(failed(refusal(gate, upstream)))
        attempt = gate === undefined ? call.begin(target) : gate.begin(target, call)
      }
      const sent = targetRequest(request, attempt)
      return load === undefined ? next(sent, call) : observed(load, attempt, call, () => next(sent, call))
    }
  }
}

function refusal(gate: Gate | undefined, upstream: string): Failure {
  return gate?.refusal(upstream) ?? failure('NO_TARGET', `The upstream ${upstream} has no available target`)
}

/**
 * The outcome is already on the attempt by then (`telemetry/attempt-telemetry.ts`). The attempt is in flight until the
 * last byte of its answer, because sending a large body keeps the target busy.
 */
async function observed(
  load: TargetLoad,
  attempt: Attempt,
  call: Call,
  send: () => Promise<Outcome>,
): Promise<Outcome> {
  const { target } = attempt
  load.started(target)
  let outcome: Outcome | undefined
  try {
    outcome = await send()
    return outcome
  } finally {
    // The duration of a stalled attempt includes the gateway's own pause.
    if (attempt.stalledMs === 0) {
      load.answered(target, (attempt.endedMs ?? call.elapsedMs()) - attempt.startedMs, attempt.outcome)
    }
    if (outcome?.ok === true && goesOn(outcome.response)) watch(outcome.response, load, attempt, call)
    else load.ended(target)
  }
}

function goesOn({ body, upgraded }: GatewayResponse): boolean {
  return upgraded !== undefined || !isHeld(body)
}

function watch({ body, upgraded }: GatewayResponse, load: TargetLoad, attempt: Attempt, call: Call): void {
  const { target } = attempt
  const onBodyOver = (failure: Failure | undefined): void => {
    if (isTargetsFault(failure)) load.answered(target, call.elapsedMs() - attempt.startedMs, 'reset')
    load.ended(target)
  }
  if (upgraded !== undefined) upgraded.once('close', () => load.ended(target))
  else if (isHeld(body) || body.watch === undefined) load.ended(target)
  else body.watch({ onBodyOver })
}
