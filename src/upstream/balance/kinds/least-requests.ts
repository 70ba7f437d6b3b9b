import { z } from 'zod'
import type { BalancerKind } from '../balancer-kind.ts'
import { leastRequests } from '../least-requests.ts'
import { TargetLoad } from '../target-load.ts'

const options = z.strictObject({})

export const leastRequestsKind: BalancerKind<typeof options, 'name'> = {
  options,
  form: 'name',
  summary: 'of two drawn at random, the one with fewer attempts in flight (as in Envoy)',
  synonyms: {
    'least-conn': 'least-requests',
    leastconn: 'least-requests',
    'least-connections': 'least-requests',
    'least-request': 'least-requests',
    p2c: 'least-requests',
  },
  load: (_, targets, clock, memory) => new TargetLoad(targets, clock, memory),
  make: (_, rotation, { random, clock, memory }) =>
    leastRequests(rotation, { random, load: new TargetLoad(rotation.targets, clock, memory) }),
}
