import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestFrom, TurnableRotation } from '../../../test/conformance/balancer.ts'
import { requestOf } from '../../../test/kit/calls.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { seededRandom } from '../../kit/random.ts'
import { consistentHash } from './consistent-hash.ts'
import { keyBy } from './hash-key.ts'

const users = 2000

function hashing(names: readonly string[], by = 'header:x-user') {
  const rotation = new TurnableRotation(Object.fromEntries(names.map((name) => [name, 1])))
  const keyOf = keyBy(by, (address) => address.startsWith('10.'))
  const balancer = consistentHash(rotation, { random: seededRandom(3), keyOf })
  const pick = (request: GatewayRequest) => balancer.pick(undefined, request)?.name
  const all = () => Array.from({ length: users }, (_, user) => pick(requestFrom(user)) ?? '')
  return { rotation, balancer, pick, all }
}

const differences = (one: readonly string[], other: readonly string[]) =>
  one.flatMap((target, user) => (other[user] === target ? [] : [{ from: target, to: other[user] }]))

describe('consistent hashing', () => {
  it('sends a key to the same target every time, in any worker or gateway', () => {
    const names = ['a', 'b', 'c']
    assert.deepEqual(hashing(names).all(), hashing(names).all())
    assert.deepEqual(hashing(names).all(), hashing(['c', 'a', 'b']).all())
  })

  it('moves only the keys of an unavailable target, and back once it returns', () => {
    const { rotation, all } = hashing(['a', 'b', 'c', 'd', 'e'])
    const before = all()
    rotation.takeOut('b')
    const without = all()
    const moved = differences(before, without)
    assert.ok(moved.every(({ from }) => from === 'b'))
    const own = before.filter((target) => target === 'b').length
    assert.equal(moved.length, own)
    for (const name of ['a', 'c', 'd', 'e']) {
      const share = moved.filter(({ to }) => to === name).length / own
      assert.ok(share > 0.15 && share < 0.35, `${name} got ${share} of them`)
    }
    rotation.bringBack('b')
    assert.deepEqual(all(), before)
  })

  it('moves few other keys when a target is removed from the configuration', () => {
    const moved = differences(hashing(['a', 'b', 'c']).all(), hashing(['a', 'b']).all())
    assert.ok(moved.filter(({ from }) => from !== 'c').length < users * 0.01)
  })

  it('returns keys gradually to a target in slow start, without flapping', () => {
    const { rotation, all } = hashing(['a', 'b', 'c'])
    const whole = all()
    let before = -1
    for (const factor of [0.1, 0.4, 0.7, 1]) {
      rotation.slow('b', factor)
      const now = all()
      const own = now.filter((target) => target === 'b').length
      assert.ok(own > before)
      assert.ok(differences(whole, now).every(({ from }) => from === 'b'))
      before = own
    }
    assert.deepEqual(all(), whole)
  })

  it('sends the second attempt for a key to the same other target every time', () => {
    const { balancer } = hashing(['a', 'b', 'c'])
    for (let user = 0; user < 50; user++) {
      const request = requestFrom(user)
      const first = balancer.pick(undefined, request)
      const seconds = [1, 2, 3].map(() => balancer.pick((target) => (target === first ? 1 : 0), request))
      assert.equal(new Set(seconds).size, 1)
      assert.notEqual(seconds[0], first)
    }
  })

  it('picks at random for a request without the key', () => {
    const { pick } = hashing(['a', 'b', 'c'])
    for (const headers of [[], ['x-user', '']]) {
      const picked = Array.from({ length: 60 }, () => pick(requestOf({ headers })))
      assert.equal(new Set(picked).size, 3)
    }
  })

  const request = requestOf({
    query: 'page=2&user=a%20b',
    headers: ['X-User', 'ann', 'cookie', 'theme=dark; session=s1=', 'x-forwarded-for', '203.0.113.7, 10.0.0.1'],
  })
  for (const [by, expected] of [
    ['header:x-user', 'ann'],
    ['query:user', 'a b'],
    ['query:other', undefined],
    ['cookie:session', 's1='],
    ['cookie:sess', undefined],
    ['address', '203.0.113.7'],
  ] as const) {
    it(`finds ${expected ?? 'no key'} by ${by}`, () => {
      assert.equal(keyBy(by, (address) => address.startsWith('10.'))(request), expected)
    })
  }
})
