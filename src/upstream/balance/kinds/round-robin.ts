import { z } from 'zod'
import type { BalancerKind } from '../balancer-kind.ts'
import { roundRobin } from '../round-robin.ts'

const options = z.strictObject({})

export const roundRobinKind: BalancerKind<typeof options, 'name'> = {
  options,
  form: 'name',
  summary: 'in turn, by weight (as in nginx)',
  synonyms: { rr: 'round-robin', roundrobin: 'round-robin', wrr: 'round-robin' },
  make: (_, rotation, { memory }) => roundRobin(rotation, memory),
}
