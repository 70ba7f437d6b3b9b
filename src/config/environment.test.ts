import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readScalar, substitute } from './environment.ts'

const env = { NAME: 'value', EMPTY: '', NESTED: '${NAME}', ESCAPED: '$${NAME}' }
const textOf = (text: string): string => substitute(text, env).text

describe('substitute', () => {
  it('substitutes environment variables', () => {
    assert.equal(textOf('http://${NAME}:${NAME}/'), 'http://value:value/')
    assert.equal(textOf('a${EMPTY}b'), 'ab')
  })

  it('uses the default only for a variable that is missing or empty', () => {
    assert.equal(textOf('${MISSING:-x:y-z}'), 'x:y-z')
    assert.equal(textOf('${EMPTY:-default}'), 'default')
    assert.equal(textOf('${MISSING:-}'), '')
    assert.equal(textOf('${NAME:-default}'), 'value')
  })

  it('keeps escaped text', () => {
    assert.equal(textOf('$${NAME}'), '${NAME}')
    assert.equal(textOf('$$${NAME}'), '$${NAME}')
    assert.equal(textOf('cost: $5, $NAME, {NAME}, $'), 'cost: $5, $NAME, {NAME}, $')
  })

  it('does not substitute inside substituted text', () => {
    assert.equal(textOf('${NESTED}'), '${NAME}')
    assert.equal(textOf('${ESCAPED}'), '$${NAME}')
    assert.equal(textOf('${MISSING:-${NAME}'), '${NAME')
  })

  it('reports each missing variable and each malformed placeholder', () => {
    const { text, problems } = substitute('${ONE} ${TWO-x} ${} ${NAME} ${THREE', env)
    assert.equal(text, '${ONE} ${TWO-x} ${} value ${THREE')
    assert.equal(problems.length, 4)
    assert.match(problems[0] ?? '', /ONE is not set.*\$\{ONE:-default\}/)
    assert.match(problems[1] ?? '', /found "\$\{TWO-x\}"/)
  })

  it('ignores the prototype of the environment', () => {
    assert.equal(substitute('${toString}', env).problems.length, 1)
    assert.equal(substitute('${constructor}${__proto__}', env).problems.length, 2)
  })

  it('recognizes a text that is a single placeholder', () => {
    assert.equal(substitute('${NAME}', env).whole, true)
    assert.equal(substitute('${MISSING:-3}', env).whole, true)
    assert.equal(substitute('${NAME}${NAME}', env).whole, false)
    assert.equal(substitute(' ${NAME}', env).whole, false)
    assert.equal(substitute('$${NAME}', env).whole, false)
    assert.equal(substitute('value', env).whole, false)
  })

  it('leaves texts without placeholders alone, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const result = substitute(text, env)
        if (!text.includes('${')) assert.equal(result.text, text)
      }),
    )
  })
})

describe('readScalar', () => {
  const known: readonly (readonly [string, unknown])[] = [
    ['8080', 8080],
    ['0x1F', 31],
    ['1e3', 1000],
    ['-5', -5],
    ['true', true],
    ['null', null],
    ['~', null],
    ['', null],
    ['yes', 'yes'],
    ['300ms', '300ms'],
    ['20%', '20%'],
    ['http://127.0.0.1:9101', 'http://127.0.0.1:9101'],
    ['a: b', 'a: b'],
    ['[1]', '[1]'],
    ['"x"', '"x"'],
    ['*a', '*a'],
    ['- x', '- x'],
    ['-', '-'],
    ['---', '---'],
    ['...', '...'],
    [' 5', ' 5'],
    ['5\n', '5\n'],
    ['# 5', '# 5'],
  ]
  for (const [text, value] of known) {
    it(`reads ${JSON.stringify(text)} as ${JSON.stringify(value)}`, () => assert.deepEqual(readScalar(text), value))
  }

  it('returns only scalars, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = readScalar(text)
        assert.ok(value === null || ['string', 'number', 'boolean'].includes(typeof value))
        if (typeof value === 'string') assert.equal(value, text)
      }),
    )
  })
})
