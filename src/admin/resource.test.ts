import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { text } from './answer.ts'
import { allowOf, resourceTable } from './resource.ts'

const ok = () => text(200, 'ok')
const table = resourceTable([
  { path: '/api/deliveries', methods: { GET: ok } },
  { path: '/api/deliveries/:id', methods: { GET: ok } },
  { path: '/api/deliveries/:id/replay', methods: { POST: ok } },
  { path: '/api/deliveries/replay', methods: { POST: ok } },
])

const found = (path: string) => {
  const { resource, params } = table.find(path) ?? {}
  return [resource?.path, { ...params }]
}

describe('the resource table', () => {
  it('finds a resource and decodes the segments that it captures', () => {
    assert.deepEqual(found('/api/deliveries'), ['/api/deliveries', {}])
    assert.deepEqual(found('/api/deliveries/a%2Fb%20c'), ['/api/deliveries/:id', { id: 'a/b c' }])
    assert.deepEqual(found('/api/deliveries/1/replay'), ['/api/deliveries/:id/replay', { id: '1' }])
  })

  it('prefers a fixed path, whatever the order of the resources', () => {
    assert.deepEqual(found('/api/deliveries/replay'), ['/api/deliveries/replay', {}])
  })

  it('finds nothing for an empty, malformed or further segment', () => {
    for (const path of ['/api/deliveries/', '/api/deliveries/%zz', '/api/deliveries/1/replay/2', '/api', '/']) {
      assert.deepEqual(found(path), [undefined, {}], path)
    }
  })

  it('finds a resource for an id that is longer than a router takes by default', () => {
    assert.deepEqual(found(`/api/deliveries/${'x'.repeat(500)}`)[0], '/api/deliveries/:id')
  })

  it('allows HEAD where it allows GET', () => {
    assert.equal(allowOf({ path: '/', methods: { GET: ok, PATCH: ok } }), 'GET, HEAD, PATCH')
  })
})
