import { consistentHashKind } from './kinds/consistent-hash.ts'
import { leastRequestsKind } from './kinds/least-requests.ts'
import { peakEwmaKind } from './kinds/peak-ewma.ts'
import { probingKind } from './kinds/probing.ts'
import { randomKind } from './kinds/random.ts'
import { roundRobinKind } from './kinds/round-robin.ts'

/** The balancers that an upstream can name. */
export const balancers = {
  'round-robin': roundRobinKind,
  random: randomKind,
  'least-requests': leastRequestsKind,
  'peak-ewma': peakEwmaKind,
  'consistent-hash': consistentHashKind,
  probing: probingKind,
} as const

export type Balancers = typeof balancers
export type BalancerName = keyof Balancers
export const balancerNames = Object.keys(balancers) as readonly BalancerName[]
