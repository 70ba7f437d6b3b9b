import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Profile as BackendProfile, parseProfile } from '@hedgerow/backend/profile'
import { patchProfile } from '@hedgerow/backend/profile-patch'
import { readyProfiles } from '@hedgerow/backend/profiles'
import fc from 'fast-check'
import { knobsOf, type Profile, patchOf, restoring, type Turn } from './knobs.ts'

/** As the admin API sends it: JSON. */
function told(profile: BackendProfile): Profile {
  return JSON.parse(JSON.stringify(profile)) as Profile
}

const { work, accounts, async } = readyProfiles
const profiles = [work(), accounts({ skipsSome: true }), async()].map(parseProfile)
const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)
const turns: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ knob: fc.constant('off' as const), value: fc.boolean() }),
  fc.record({ knob: fc.constant('latency' as const), value: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ knob: fc.constantFrom('errors' as const, 'hangs' as const, 'resets' as const), value: share }),
)

describe('the knobs of a simulated backend', () => {
  it('make patches that every profile accepts, and show the new values', () => {
    fc.assert(
      fc.property(fc.constantFrom(...profiles), fc.array(turns, { minLength: 1, maxLength: 8 }), (profile, all) => {
        let now = profile
        for (const turn of all) {
          now = patchProfile(now, patchOf(told(now), turn))
          const knobs = knobsOf(told(now))
          if (turn.knob === 'off') assert.equal(knobs.isOff, turn.value)
          else {
            const shown = { latency: knobs.latencyMs, errors: knobs.errors, hangs: knobs.hangs, resets: knobs.resets }
            assert.ok(Math.abs(shown[turn.knob] - turn.value) < 1e-9, `${turn.knob} is ${shown[turn.knob]}`)
          }
        }
        assert.deepEqual(patchProfile(now, restoring(told(profile))), profile)
      }),
    )
  })

  it('let a write that answered 201 do so again after a period of errors only', () => {
    let profile = parseProfile(readyProfiles.accounts())
    for (const value of [1, 0]) profile = patchProfile(profile, patchOf(told(profile), { knob: 'errors', value }))
    assert.deepEqual(profile.endpoints['POST /register']?.status, { '201': 1, '500': 0 })
  })

  it('describe latencies in words', () => {
    const text = (latency: object): string =>
      knobsOf({
        refuse: false,
        endpoints: { 'GET /': { latency: latency as { kind: string }, status: { '200': 1 }, faults: {} } },
      }).latencyText
    assert.equal(text({ kind: 'fixed', ms: 20 }), '20 ms')
    assert.equal(text({ kind: 'uniform', minMs: 100, maxMs: 600 }), '100 to 600 ms')
    assert.equal(text({ kind: 'lognormal', medianMs: 80, sigma: 1 }), 'lognormal, about 80 ms')
  })
})
