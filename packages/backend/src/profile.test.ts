import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProfileError, parseProfile } from './profile.ts'
import { patchProfile } from './profile-patch.ts'

function reasonsFor(input: unknown): readonly string[] {
  try {
    parseProfile(input)
  } catch (error) {
    assert.ok(error instanceof ProfileError)
    return error.reasons
  }
  return []
}

function endpoint(options: object): object {
  return { endpoints: { 'GET /x': options } }
}

describe('a profile', () => {
  test('has harmless defaults for omitted options', () => {
    const { refuse, skip, endpoints } = parseProfile(endpoint({}))
    assert.deepEqual([refuse, skip], [false, undefined])
    const { latency, status, faults } = endpoints['GET /x'] ?? {}
    assert.deepEqual(latency, { kind: 'fixed', ms: 0 })
    assert.deepEqual(status, { '200': 1 })
    assert.equal(faults?.resetMidBody, 0)
  })

  const faulty: readonly (readonly [string, unknown, string])[] = [
    ['no object', 5, 'profile: found 5; allowed: an object with keys among refuse, skip, endpoints'],
    ['no endpoints', {}, 'endpoints: found nothing; allowed: endpoints by method and path'],
    [
      'an unknown key',
      endpoint({ latncy: 1 }),
      'endpoints["GET /x"].latncy: found 1; allowed: an object with keys among latency, status, body, errorBody, headers, faults, slowBody, callback',
    ],
    [
      'no method and path',
      { endpoints: { '/x': {} } },
      'endpoints["/x"]: found /x; allowed: a method and a path, as in GET /api/work',
    ],
    [
      'an unknown kind of latency',
      endpoint({ latency: { kind: 'gaussian' } }),
      'endpoints["GET /x"].latency.kind: found "gaussian"; allowed: kind: one of fixed, uniform, normal, lognormal, pareto, percentiles',
    ],
    [
      'a negative time',
      endpoint({ latency: { kind: 'fixed', ms: -5 } }),
      'endpoints["GET /x"].latency.ms: found -5; allowed: a number from 0 to 86400000',
    ],
    [
      'ends in the wrong order',
      endpoint({ latency: { kind: 'uniform', minMs: 6, maxMs: 1 } }),
      'endpoints["GET /x"].latency.minMs: found 6; allowed: a number not above maxMs',
    ],
    [
      'percentiles that fall',
      endpoint({
        latency: {
          kind: 'percentiles',
          points: [
            { percentile: 50, ms: 9 },
            { percentile: 99, ms: 8 },
          ],
        },
      }),
      'endpoints["GET /x"].latency.points: found [{"percentile":50,"ms":9},{"percentile":99,"ms":8}]; allowed: points whose percentiles rise and whose ms do not fall',
    ],
    [
      'a status that is none',
      endpoint({ status: { 99: 1 } }),
      'endpoints["GET /x"].status["99"]: found 99; allowed: a status from 200 to 599',
    ],
    [
      'no weight at all',
      endpoint({ status: { 200: 0 } }),
      'endpoints["GET /x"].status: found {"200":0}; allowed: a weight above 0 for some status',
    ],
    [
      'a share above 1',
      endpoint({ faults: { notJson: 2 } }),
      'endpoints["GET /x"].faults.notJson: found 2; allowed: a number from 0 to 1',
    ],
    [
      'shares of more than all',
      endpoint({ faults: { notJson: 0.6, resetMidBody: 0.6 } }),
      'endpoints["GET /x"].faults: found {"notJson":0.6,"resetMidBody":0.6}; allowed: shares whose sum is at most 1',
    ],
    [
      'two bodies in one',
      endpoint({ body: { json: 1, text: 'a' } }),
      'endpoints["GET /x"].body: found {"json":1,"text":"a"}; allowed: exactly one of json, text',
    ],
    [
      'an unknown placeholder',
      endpoint({ body: { text: '{{nmae}}' } }),
      'endpoints["GET /x"].body.text: found "{{nmae}}"; allowed: a text with placeholders among latencyMs, requestNumber, name, method, path, query, reason, uuid, timestamp',
    ],
    [
      'a header with a line break',
      endpoint({ headers: { a: 'b\r\nc' } }),
      'endpoints["GET /x"].headers.a: found "b\\r\\nc"; allowed: a header value without line breaks',
    ],
    [
      'a callback to another scheme',
      endpoint({ callback: { defaultUrl: 'ftp://a/', body: { text: '' } } }),
      'endpoints["GET /x"].callback.defaultUrl: found "ftp://a/"; allowed: a URL that begins with http://',
    ],
    [
      'a refusal that is no time',
      { refuse: 'yes', endpoints: {} },
      'refuse: found "yes"; allowed: true, false or { "forMs": a number from 1 to 86400000 }',
    ],
    [
      'half a request to skip',
      { skip: { every: 1.5, status: 500 }, endpoints: {} },
      'skip.every: found 1.5; allowed: a whole number from 1 to 1000000000',
    ],
  ]
  for (const [what, input, reason] of faulty) {
    test(`with ${what} is refused, with path, value and what is allowed`, () => {
      assert.deepEqual(reasonsFor(input), [reason])
    })
  }

  test('reports all its errors at once', () => {
    const input = { refuse: 1, endpoints: { 'GET /x': { faults: { a: 1, b: 2 } }, 'GET /y': { latency: 3 } } }
    assert.equal(reasonsFor(input).length, 4)
  })
})

describe('a patch', () => {
  const profile = parseProfile({
    skip: { every: 5, status: 500 },
    endpoints: {
      'GET /x': { latency: { kind: 'uniform', minMs: 1, maxMs: 2 }, faults: { notJson: 0.5, resetMidBody: 0.1 } },
      'GET /y': {},
    },
  })

  test('leaves unnamed options alone', () => {
    const next = patchProfile(profile, { endpoints: { 'GET /x': { status: { 500: 1 } } } })
    assert.deepEqual(next, {
      ...profile,
      endpoints: { ...profile.endpoints, 'GET /x': { ...profile.endpoints['GET /x'], status: { 500: 1 } } },
    })
  })

  test('replaces each option as a whole', () => {
    const change = { latency: { kind: 'fixed', ms: 9 }, faults: { notJson: 0.2 } }
    const next = patchProfile(profile, { endpoints: { 'GET /x': change } }).endpoints['GET /x']
    assert.deepEqual(next?.latency, { kind: 'fixed', ms: 9 })
    assert.deepEqual([next?.faults.notJson, next?.faults.resetMidBody], [0.2, 0])
  })

  test('resets an option, or removes an endpoint, by null', () => {
    const next = patchProfile(profile, { skip: null, endpoints: { 'GET /x': { faults: null }, 'GET /y': null } })
    assert.equal(next.skip, undefined)
    assert.equal(next.endpoints['GET /x']?.faults.notJson, 0)
    assert.deepEqual(Object.keys(next.endpoints), ['GET /x'])
  })

  test('may add an endpoint', () => {
    const next = patchProfile(profile, { endpoints: { 'PUT /z': {} } })
    assert.deepEqual(Object.keys(next.endpoints), ['GET /x', 'GET /y', 'PUT /z'])
  })

  test('keeps null inside a body', () => {
    const next = patchProfile(profile, { endpoints: { 'GET /y': { body: { json: { a: null } } } } })
    assert.deepEqual(next.endpoints['GET /y']?.body, { json: { a: null } })
  })

  for (const bad of [
    null,
    5,
    [],
    'x',
    { endpoints: null },
    { endpoints: 5 },
    { endpoints: { 'GET /x': 5 } },
    { a: 1 },
  ]) {
    test(`${JSON.stringify(bad)} is refused`, () => {
      assert.throws(() => patchProfile(profile, bad), ProfileError)
    })
  }
})
