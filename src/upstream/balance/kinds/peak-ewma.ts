import { z } from 'zod'
import type { Target } from '../../../core/attempt.ts'
import type { Clock } from '../../../kit/clock.ts'
import { duration } from '../../../kit/schema.ts'
import type { MemoryScope } from '../../../kit/shared-memory.ts'
import type { BalancerKind } from '../balancer-kind.ts'
import { peakEwma } from '../peak-ewma.ts'
import { TargetLoad } from '../target-load.ts'

const options = z
  .strictObject({
    decay: duration({ min: 1 })
      .prefault('10s')
      .describe("How long a slow answer is remembered: after this time it counts for a third. Finagle's default."),
    start: duration({ min: 1 })
      .prefault('30ms')
      .describe(
        "Latency assumed for a target while nothing is known of it and its first attempt is in flight; an idle one is tried first. linkerd's default.",
      ),
  })
  .describe('Prefers the target with the fastest answers, weighed against its attempts in flight.')

type Options = z.output<typeof options>

export const peakEwmaKind: BalancerKind<typeof options, 'either'> = {
  options,
  form: 'either',
  summary: 'of two drawn at random, the one that answers sooner (as in Finagle)',
  example: '{ peak-ewma: { decay: 10s } }',
  synonyms: { ewma: 'peak-ewma', 'least-time': 'peak-ewma' },
  load: loadOf,
  make: (given, rotation, { random, clock, memory }) =>
    peakEwma(rotation, { random, load: loadOf(given, rotation.targets, clock, memory) }),
}

function loadOf({ decay, start }: Options, targets: readonly Target[], clock: Clock, memory: MemoryScope): TargetLoad {
  return new TargetLoad(targets, clock, memory, { decayMs: decay, startMs: start })
}
