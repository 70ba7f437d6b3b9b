import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asWritten, optionsIf } from './route-strategy.ts'
import { configSchema } from './schema.ts'

function parsed() {
  const [route] = configSchema.parse({ routes: [{ match: 'GET /a', first: { upstream: 'work', calls: 3 } }] }).routes
  assert.ok(route !== undefined)
  return route
}

describe('the strategy of a parsed route', () => {
  it('has its name and options, and no key of its own', () => {
    const route = parsed()
    assert.equal(route.strategy.name, 'first')
    assert.deepEqual([route.strategy.options.success, 'first' in route], [{ json: false }, false])
  })

  it('gives its options to those who ask for it by name', () => {
    const route = parsed()
    assert.equal(optionsIf('first', route)?.calls, 3)
    assert.equal(optionsIf('hedge', route), undefined)
  })

  it('can be written as in the file', () => {
    const { match, first, strategy, ...rest } = { first: undefined, strategy: undefined, ...asWritten(parsed()) }
    assert.deepEqual(match, { methods: ['GET'], path: '/a' })
    assert.deepEqual([first, strategy], [parsed().strategy.options, undefined])
    assert.ok('deadline' in rest)
  })
})
