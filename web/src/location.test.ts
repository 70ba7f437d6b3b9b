import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hrefOf, placeOf } from './location.ts'

describe('URLs within the dashboard', () => {
  it('survive a round trip', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('calls', 'deliveries'),
        fc.string({ minLength: 1 }),
        fc.string({ minLength: 1 }),
        (page, id, route) => {
          const place = placeOf(hrefOf(page, { route, empty: '', none: undefined }, id))
          assert.deepEqual([place.page, place.id, [...place.query]], [page, id, [['route', route]]])
        },
      ),
    )
  })

  it('accept any typed text', () => {
    fc.assert(fc.property(fc.string(), (text) => void placeOf(`#/${text}`)))
    assert.deepEqual(placeOf('').page, '')
    assert.equal(placeOf('#/calls/%E0%A4%A').id, '%E0%A4%A')
  })
})
