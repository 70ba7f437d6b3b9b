/**
 * The cost of one pick among three targets and, for the balancers that use load, of recording an attempt.
 *
 *   bin/node bench/micro/balancers.ts
 */

import type { Target } from '../../src/core/attempt.ts'
import { failure } from '../../src/core/failure.ts'
import { failed } from '../../src/core/outcome.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { SharedMemory } from '../../src/kit/shared-memory.ts'
import type { Balancer } from '../../src/upstream/balance/balancer.ts'
import { makeBalancer } from '../../src/upstream/balance/make-balancer.ts'
import { type BalanceOptions, balanceOption } from '../../src/upstream/balance/options.ts'
import { allOf } from '../../src/upstream/balance/rotation.ts'
import { requestOf, targetOf } from '../../test/kit/calls.ts'

const rounds = 1_000_000
const requests = Array.from({ length: 64 }, (_, user) => requestOf({ headers: ['x-user', `user ${user}`] }))
const deps = {
  clock: systemClock(),
  random: systemRandom,
  memory: new SharedMemory({ slot: 0, slots: 4 }),
  send: async () => failed(failure('UPSTREAM_REFUSED', 'nobody is there')),
  trusts: () => false,
}

console.log('us               a pick   pick, start, end')
for (const given of [
  'round-robin',
  'random',
  'least-requests',
  'peak-ewma',
  { 'consistent-hash': { by: 'header:x-user' } },
]) {
  const options: BalanceOptions = balanceOption.parse(given)
  const balancer = makeBalancer(options, allOf(['a', 'b', 'c'].map((name) => targetOf(name))), deps)
  const whole = balancer.load === undefined ? '' : text(measure((i) => attempt(balancer, i)))
  console.log(`${options.kind.padEnd(16)} ${text(measure((i) => pick(balancer, i)))}   ${whole}`)
}

function pick(balancer: Balancer, i: number): Target {
  return balancer.pick(undefined, requests[i & 63] as (typeof requests)[number]) as Target
}

function attempt(balancer: Balancer, i: number): void {
  const target = pick(balancer, i)
  balancer.load?.started(target)
  balancer.load?.answered(target, 5, 'success')
  balancer.load?.ended(target)
}

function measure(step: (i: number) => void): number {
  for (let i = 0; i < rounds / 5; i++) step(i)
  const begin = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) step(i)
  return Number(process.hrtime.bigint() - begin) / rounds / 1000
}

function text(us: number): string {
  return us.toFixed(2).padStart(6)
}
