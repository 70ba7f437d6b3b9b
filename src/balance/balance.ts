import type { Attempt, Target } from '../core/attempt.ts'
import type { Call } from '../core/call.ts'
import { type Failure, failure } from '../core/failure.ts'
import { failed, type Outcome } from '../core/outcome.ts'
import type { Layer } from '../core/service.ts'
import type { Balancer } from './balancer.ts'
import type { Gate } from './gate.ts'
import type { TargetLoad } from './target-load.ts'

/** Chooses a target and begins an attempt at it: from here inwards the request has an attempt. */
export function balance(balancer: Balancer, upstream: string, gate?: Gate): Layer {
  return function balanceLayer(next) {
    const { load } = balancer
    return (request, call) => {
      const { attempts } = call
      const lastTried = (target: Target): number =>
        attempts.findLast((attempt) => attempt.target === target)?.number ?? 0
      let attempt: Attempt | undefined
      // More than once only where a breaker lets one attempt through, and another worker's was first.
      while (attempt === undefined) {
        const target = balancer.pick(attempts.length === 0 ? undefined : lastTried, request)
        if (target === undefined) return Promise.resolve(failed(refusal(gate, upstream)))
        attempt = gate === undefined ? call.begin(target) : gate.begin(target, call)
      }
      const sent = { ...request, attempt }
      return load === undefined ? next(sent, call) : observed(load, attempt, call, () => next(sent, call))
    }
  }
}

function refusal(gate: Gate | undefined, upstream: string): Failure {
  return gate?.refusal(upstream) ?? failure('NO_TARGET', `The upstream ${upstream} has no target`)
}

/** What it came to stands on the attempt by then (`telemetry/attempt-telemetry.ts`). */
async function observed(
  load: TargetLoad,
  attempt: Attempt,
  call: Call,
  send: () => Promise<Outcome>,
): Promise<Outcome> {
  load.started(attempt.target)
  try {
    return await send()
  } finally {
    load.ended(attempt.target, (attempt.endedMs ?? call.elapsedMs()) - attempt.startedMs, attempt.outcome)
  }
}
