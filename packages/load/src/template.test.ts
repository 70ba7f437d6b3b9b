import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../src/kit/random.ts'
import { OptionError } from './option-error.ts'
import { parseTemplate } from './template.ts'

const draws = (text: string, count = 200, options = {}) => {
  const random = seededRandom(1)
  const template = parseTemplate(text, options)
  return Array.from({ length: count }, (_, place) => template.draw(random, place + 1))
}

describe('a template', () => {
  it('leaves text without placeholders unchanged, and reports it as fixed', () => {
    assert.equal(parseTemplate('/api/work?a=1').fixed, '/api/work?a=1')
    assert.equal(parseTemplate('').fixed, '')
  })

  it('draws whole numbers of a range, both ends included, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), fc.nat(50), fc.integer(), (from, width, seed) => {
        const random = seededRandom(seed)
        const value = Number(parseTemplate(`{${from}..${from + width}}`).draw(random, 1))
        return Number.isInteger(value) && value >= from && value <= from + width
      }),
    )
    assert.deepEqual(new Set(draws('t={500..502}')), new Set(['t=500', 't=501', 't=502']))
  })

  it('draws evenly', () => {
    const seen = draws('{1..4}', 40_000)
    for (const value of ['1', '2', '3', '4']) {
      const count = seen.filter((one) => one === value).length
      assert.ok(Math.abs(count - 10_000) < 400, `${value}: ${count}`)
    }
  })

  it('draws one of several options, including empty ones', () => {
    assert.deepEqual(new Set(draws('{a|b c|}')), new Set(['a', 'b c', '']))
  })

  it('counts requests, and gives each its own UUID', () => {
    assert.deepEqual(draws('{n}-{n}', 2), ['1-1', '2-2'])
    const ids = draws('{uuid}', 1000)
    assert.equal(new Set(ids).size, 1000)
    for (const id of ids) assert.match(id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  })

  it('draws the same values from the same seed', () => {
    assert.deepEqual(draws('{uuid}{1..9}{a|b}'), draws('{uuid}{1..9}{a|b}'))
  })

  it('unescapes doubled braces', () => {
    assert.equal(parseTemplate('{{n}}').fixed, '{n}')
  })

  it('leaves JSON braces in a body alone, and draws within them', () => {
    const options = { keepsOtherBraces: true }
    assert.equal(parseTemplate('{"a":{"b":"x|y"}}', options).fixed, '{"a":{"b":"x|y"}}')
    assert.deepEqual(draws('{"a":{"n":{n},"c":"{q|q}"}}', 1, options), ['{"a":{"n":1,"c":"q"}}'])
  })

  for (const text of ['{', '}', '{}', '{x}', '{5..}', '{1..2', '{1...2}', '{1.5..2}', '{uuid']) {
    it(`refuses ${text} and lists the placeholders`, () => {
      assert.throws(
        () => parseTemplate(text),
        (error) => error instanceof OptionError && error.message.includes('{a|b|c}'),
      )
    })
  }

  it('refuses a descending range', () => {
    assert.throws(() => parseTemplate('{9..5}'), /"\{9\.\.5\}".*\{5\.\.9\}/)
  })
})
