import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RouteMatch } from './route-handler.ts'
import { router, takesHead } from './router.ts'

const methodLists = [
  undefined,
  ['GET'],
  ['HEAD'],
  ['POST'],
  ['PUT', 'GET'],
  ['POST', 'HEAD'],
  ['OPTIONS', 'DELETE'],
] as const

describe('takesHead', () => {
  for (const methods of methodLists) {
    it(`agrees with the router on a route for ${methods?.join(' and ') ?? 'all methods'}`, () => {
      const match: RouteMatch = { methods, path: '/a' }
      assert.equal(takesHead(match), router([{ match, handler: 'a' }])('HEAD', '/a').found)
    })
  }
})
