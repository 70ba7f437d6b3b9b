import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../../src/kit/random.ts'
import { Endpoint } from './endpoint.ts'
import { type EndpointProfile, parseProfile } from './profile.ts'
import { patchProfile } from './profile-patch.ts'
import { parseSkipSomeRequests, readyProfiles, workWithErrors } from './profiles.ts'
import { ask, openBackend, until, VirtualClock } from './test-kit.ts'
import { isoMicroseconds } from './timestamp.ts'

describe('work', () => {
  test('reports the time that it took', async (t) => {
    const clock = new VirtualClock()
    const backend = await openBackend(t, { clock, seed: 1, profile: readyProfiles.work() })
    await backend.patch(workWithErrors(0))
    const asked = ask(`${backend.url}/api/work`)
    await until('it waits', () => clock.pending === 1)
    let tookMs = 0
    while (clock.pending > 0) {
      clock.advance(1)
      tookMs++
    }
    const { time } = JSON.parse((await asked).body) as { time: number }
    assert.ok(time >= 100 && time <= 600 && Math.abs(time - tookMs) <= 1, `${time}, ${tookMs}`)
  })

  test('can be set to fail with 500 in 10 % and in no other way', () => {
    const patched = patchProfile(parseProfile(readyProfiles.work()), workWithErrors(0.1))
    const endpoint = new Endpoint(patched.endpoints['GET /api/work'] as EndpointProfile, 'b1')
    const random = seededRandom(1)
    const plans = Array.from({ length: 10_000 }, () => endpoint.plan(random, undefined))
    assert.ok(plans.every(({ fate, latencyMs }) => fate === 'answered' && latencyMs >= 100 && latencyMs <= 600))
    const failed = plans.filter(({ answer }) => answer.status === 500).length
    assert.ok(failed > 880 && failed < 1120, String(failed))
    assert.ok(plans.every(({ answer }) => answer.status === 500 || answer.status === 200))
  })
})

test('work-fixed is {"time":250} at once, without a timer', async (t) => {
  const clock = new VirtualClock()
  const backend = await openBackend(t, { clock, profile: readyProfiles['work-fixed']() })
  const { status, body, headers } = await ask(`${backend.url}/api/work`)
  assert.deepEqual([status, body, headers['content-type']], [200, '{"time":250}', 'application/json'])
  assert.equal(clock.pending, 0)
})

describe('accounts', () => {
  test('answers each of its three requests with its name', async (t) => {
    const backend = await openBackend(t, { name: 'server2', profile: readyProfiles.accounts() })
    const post = { method: 'POST', body: 'username=a&password=b' }
    const login = await ask(`${backend.url}/login`)
    assert.deepEqual([login.status, login.body], [200, 'logged in on server2'])
    assert.match(login.headers['content-type'] ?? '', /^text\/plain/)
    const register = await ask(`${backend.url}/register`, post)
    assert.deepEqual([register.status, register.body], [201, 'register on server2'])
    const change = await ask(`${backend.url}/changePassword`, post)
    assert.deepEqual([change.status, change.body], [201, 'password changed on server2'])
  })

  test('has no other methods or paths', async (t) => {
    const backend = await openBackend(t, { profile: readyProfiles.accounts() })
    assert.equal((await ask(`${backend.url}/login`, { method: 'POST' })).status, 405)
    assert.equal((await ask(`${backend.url}/register`)).status, 405)
    assert.equal((await ask(`${backend.url}/logout`)).status, 404)
  })

  test('skips every fifth POST with 500, and no GET, if configured', async (t) => {
    const backend = await openBackend(t, { profile: readyProfiles.accounts({ skipsSome: true }) })
    const statuses: number[] = []
    for (let i = 0; i < 10; i++) {
      const path = i % 2 === 0 ? 'register' : 'changePassword'
      statuses.push((await ask(`${backend.url}/${path}`, { method: 'POST', body: 'a=b' })).status)
      assert.equal((await ask(`${backend.url}/login`)).status, 200)
    }
    assert.deepEqual(statuses, [201, 201, 201, 201, 500, 201, 201, 201, 201, 500])
  })

  test('SKIP_SOME_REQUESTS is true or false', () => {
    assert.deepEqual(['true', 'false', '', undefined].map(parseSkipSomeRequests), [true, false, false, false])
    assert.throws(() => parseSkipSomeRequests('yes'), /found "yes"; allowed: true, false/)
  })
})

test('a timestamp has six fractional digits, even if they are zero', () => {
  assert.equal(isoMicroseconds(Date.UTC(2015, 9, 17, 19, 31, 37) + 889.072), '2015-10-17T19:31:37.889072')
  assert.equal(isoMicroseconds(Date.UTC(2015, 9, 17, 19, 31, 37)), '2015-10-17T19:31:37.000000')
})
