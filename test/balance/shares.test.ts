import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  allBalancers,
  type Condition,
  type Phase,
  type PhaseResult,
  playBalancing,
  usualPhases,
} from '../../bench/kit/balancing-scene.ts'

const sicknesses = ['slow', 'failing', 'hanging'] as const

/** Starts with a healthy target, so that the balancer has no history of failures. */
const phasesOf = (condition: Condition): readonly Phase[] => [
  { name: 'well', condition: 'well', seconds: 3 },
  { name: condition, condition, seconds: 15 },
]

async function played(
  balance: (typeof allBalancers)[keyof typeof allBalancers],
  phases: readonly Phase[],
  perSecond = 100,
): Promise<readonly PhaseResult[]> {
  return playBalancing({ upstream: { balance, outlier: 'off' }, phases, perSecond })
}

const isThird = (share: number): boolean => share > 0.28 && share < 0.39

describe('the share of a sick target, with the balancer alone', () => {
  for (const name of ['round-robin', 'random', 'consistent-hash'] as const) {
    for (const condition of sicknesses) {
      it(`stays a third with ${name} when it is ${condition}, and no more`, async () => {
        const results = await played(allBalancers[name], phasesOf(condition))
        for (const { phase, sickShare } of results) assert.ok(isThird(sickShare), `${phase}: ${sickShare}`)
      })
    }
  }

  it('falls with least-requests when it is slow, and to next to nothing when it fails or hangs', async () => {
    const most = { slow: 0.15, failing: 0.01, hanging: 0.01 }
    for (const condition of sicknesses) {
      const [well, sick] = await played(allBalancers['least-requests'], phasesOf(condition))
      assert.ok(isThird(well?.sickShare ?? 0))
      assert.ok((sick?.sickShare ?? 1) < most[condition], `${condition}: ${sick?.sickShare}`)
    }
  })

  for (const name of ['peak-ewma', 'probing'] as const) {
    for (const condition of sicknesses) {
      it(`is next to nothing with ${name} when it is ${condition}, and p99 is as without the target`, async () => {
        const [, sick] = await played(allBalancers[name], phasesOf(condition))
        assert.ok(sick !== undefined)
        assert.ok(sick.sickShare < 0.008, String(sick.sickShare))
        assert.ok(sick.success > 0.99, String(sick.success))
        // Healthy targets take 5 to 15 ms and have capacity for all calls.
        assert.ok(sick.p99Ms <= 1.5 * 15, String(sick.p99Ms))
      })
    }

    it(`recovers with ${name} after a minute, after every kind of failure`, async () => {
      const results = await played(allBalancers[name], usualPhases, 50)
      const later = results.at(-1)
      assert.ok((later?.sickShare ?? 0) > 0.15, String(later?.sickShare))
      assert.ok((later?.sickShare ?? 1) < 0.6)
    })

    it(`stays small with ${name} when it flaps: five seconds healthy, five seconds failing`, async () => {
      const flapping = Array.from({ length: 6 }, (_, i): Phase => {
        return { name: String(i), condition: i % 2 === 0 ? 'well' : 'failing', seconds: 5 }
      })
      const results = await played(allBalancers[name], flapping)
      for (const { phase, success } of results) assert.ok(success > 0.98, `${phase}: ${success}`)
    })
  }
})

describe('the share of a sick target, with the defaults of an upstream', () => {
  it('is next to nothing with round-robin when it fails or hangs, because it is ejected', async () => {
    for (const condition of ['failing', 'hanging'] as const) {
      const upstream = { balance: 'round-robin' } as const
      const [, sick] = await playBalancing({ upstream, phases: phasesOf(condition), perSecond: 100 })
      const most = condition === 'failing' ? 0.02 : 0.1
      assert.ok((sick?.sickShare ?? 1) < most, `${condition}: ${sick?.sickShare}`)
    }
  })
})
