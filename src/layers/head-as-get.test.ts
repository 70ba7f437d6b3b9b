import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { served } from '../../test/kit/layers.ts'
import { headAsGet } from './head-as-get.ts'

describe('headAsGet', () => {
  for (const [method, asked] of [
    ['HEAD', 'GET'],
    ['GET', 'GET'],
    ['POST', 'POST'],
    ['OPTIONS', 'OPTIONS'],
  ] as const) {
    it(`sends ${asked} for ${method}, and changes nothing else`, () => {
      const { upstream } = served(headAsGet, [], { method, path: '/a', query: 'b=1', headers: ['c', 'd'] })
      const { request } = upstream.seen[0] ?? {}
      assert.deepEqual(
        [request?.method, request?.path, request?.query, request?.headers],
        [asked, '/a', 'b=1', ['c', 'd']],
      )
    })
  }
})
