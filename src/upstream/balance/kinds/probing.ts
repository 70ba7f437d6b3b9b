import { z } from 'zod'
import { duration, path, wholeNumber } from '../../../kit/schema.ts'
import type { BalancerKind } from '../balancer-kind.ts'
import { httpProbe } from '../probe.ts'
import { probing } from '../probing.ts'
import { TargetLoad } from '../target-load.ts'

const options = z
  .strictObject({
    path: path().describe(
      'Path of the probe, below the base URL of the target. The answer has the header `x-load-in-flight`, the number of requests in progress at the target, and may have `x-load-latency-ms`, the current latency of a request.',
    ),
    probes: wholeNumber({ min: 1, max: 16 })
      .prefault(3)
      .describe('Targets probed at each pick. The Prequal paper uses 3.'),
    pool: wholeNumber({ min: 2, max: 128 }).prefault(16).describe('Reports kept. The Prequal paper uses 16.'),
    age: duration({ min: 1 }).prefault('1s').describe('Older reports are ignored. The Prequal paper uses 1 s.'),
    uses: wholeNumber({ min: 1, max: 100 })
      .prefault(5)
      .describe(
        'Picks that one report may decide; each adds one to its requests in flight. We chose 5: three probes per pick bring more than enough reports, so the limit matters only when targets answer probes late.',
      ),
    timeout: duration({ min: 1 })
      .prefault('1s')
      .describe(
        'Time limit of a probe. We chose 1 s: a target that takes longer to report is no better a choice than one that does not.',
      ),
  })
  .describe('Goes by the load that the targets report.')

const example = '{ probing: { path: /load } }'

export const probingKind: BalancerKind<typeof options, 'options'> = {
  options,
  form: 'options',
  summary: 'by the load that targets report (Prequal)',
  example,
  synonyms: { probing: example, prequal: example },
  load: (_, targets, clock, memory) => new TargetLoad(targets, clock, memory),
  make: (given, rotation, { random, clock, memory, send }) => {
    const load = new TargetLoad(rotation.targets, clock, memory)
    const probe = httpProbe(send, clock, { path: given.path, timeoutMs: given.timeout })
    const { pool: size, age: ageMs, uses, probes } = given
    return probing(rotation, { random, clock, load, probe, size, ageMs, uses, probes })
  },
}
