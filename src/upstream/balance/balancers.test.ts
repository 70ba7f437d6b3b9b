import { balancerConformance } from '../../../test/conformance/balancer.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { consistentHash } from './consistent-hash.ts'
import { keyBy } from './hash-key.ts'
import { leastRequests } from './least-requests.ts'
import { peakEwma } from './peak-ewma.ts'
import { probing } from './probing.ts'
import { randomPick } from './random.ts'
import type { Rotation } from './rotation.ts'
import { roundRobin } from './round-robin.ts'
import { TargetLoad } from './target-load.ts'

const loadOf = ({ targets }: Rotation, clock: ConstructorParameters<typeof TargetLoad>[1]) =>
  new TargetLoad(targets, clock, new SharedMemory())
const blind = 'it does not look at what targets do; health takes out those that fail'
const probes = { probes: 3, size: 16, ageMs: 1000, uses: 5 }

balancerConformance('round-robin', (rotation) => roundRobin(rotation), blind)
balancerConformance('random', (rotation, _clock, random) => randomPick(rotation, random), blind)
balancerConformance('least-requests', (rotation, clock, random) =>
  leastRequests(rotation, { random, load: loadOf(rotation, clock) }),
)
balancerConformance('peak-ewma', (rotation, clock, random) =>
  peakEwma(rotation, { random, load: loadOf(rotation, clock) }),
)
balancerConformance(
  'consistent-hash',
  (rotation, _clock, random) => consistentHash(rotation, { random, keyOf: keyBy('header:x-user', () => false) }),
  blind,
)
balancerConformance('probing, of targets that do not answer', (rotation, clock, random) =>
  probing(rotation, { ...probes, random, clock, load: loadOf(rotation, clock), probe: async () => undefined }),
)
balancerConformance('probing, of targets that say nothing of their load', (rotation, clock, random) =>
  probing(rotation, { ...probes, random, clock, load: loadOf(rotation, clock), probe: async () => 'mute' }),
)
balancerConformance('probing, of targets that all say the same', (rotation, clock, random) => {
  const probe = async () => ({ inFlight: 0, latencyMs: 5 })
  return probing(rotation, { ...probes, random, clock, load: loadOf(rotation, clock), probe })
})
