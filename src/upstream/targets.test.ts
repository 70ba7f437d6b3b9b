import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configSchema } from '../config/schema.ts'
import { targetsOf } from './targets.ts'

function targets(given: unknown) {
  const config = configSchema.parse({ upstreams: { work: { targets: given } } })
  const upstream = config.upstreams['work']
  assert.ok(upstream !== undefined)
  return targetsOf('work', upstream)
}

describe('targetsOf', () => {
  it('names unnamed targets by host and port, even if the scheme implies the port', () => {
    const names = targets(['http://127.0.0.1:9101', 'http://a.example', 'https://a.example', 'http://[::1]:80']).map(
      ({ name }) => name,
    )
    assert.deepEqual(names, ['127.0.0.1:9101', 'a.example:80', 'a.example:443', '[::1]:80'])
  })

  it('keeps given names and weights', () => {
    const found = targets({ one: 'http://a:1', two: { url: 'http://b:2', weight: 3 } })
    assert.deepEqual(
      found.map(({ name, weight, upstream }) => ({ name, weight, upstream })),
      [
        { name: 'one', weight: 1, upstream: 'work' },
        { name: 'two', weight: 3, upstream: 'work' },
      ],
    )
  })

  it('splits the URL into origin, authority and base path', () => {
    const [plain, based, slashed, secure] = targets([
      'http://a:1',
      'http://a:2/v1/api',
      'http://a:3/v1//',
      'https://a.example/',
    ])
    assert.deepEqual(plain, {
      upstream: 'work',
      name: 'a:1',
      origin: 'http://a:1',
      authority: 'a:1',
      basePath: '',
      weight: 1,
    })
    assert.equal(based?.basePath, '/v1/api')
    assert.equal(slashed?.basePath, '/v1')
    assert.deepEqual([secure?.origin, secure?.authority, secure?.basePath], ['https://a.example', 'a.example', ''])
  })
})
