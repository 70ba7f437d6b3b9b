import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readScalar, substitute } from './environment.ts'

const env = { NAME: 'value', EMPTY: '', NESTED: '${NAME}', ESCAPED: '$${NAME}' }
const textOf = (text: string): string => substitute(text, env).text

describe('substitute', () => {
  it('puts in what the environment has', () => {
    assert.equal(textOf('http://${NAME}:${NAME}/'), 'http://value:value/')
    assert.equal(textOf('a${EMPTY}b'), 'ab')
  })

  it('takes the default for a variable that is missing or empty, and only then', () => {
    assert.equal(textOf('${MISSING:-x:y-z}'), 'x:y-z')
    assert.equal(textOf('${EMPTY:-default}'), 'default')
    assert.equal(textOf('${MISSING:-}'), '')
    assert.equal(textOf('${NAME:-default}'), 'value')
  })

  it('keeps what is escaped', () => {
    assert.equal(textOf('$${NAME}'), '${NAME}')
    assert.equal(textOf('$$${NAME}'), '$${NAME}')
    assert.equal(textOf('cost: $5, $NAME, {NAME}, $'), 'cost: $5, $NAME, {NAME}, $')
  })

  it('does not look again at what it put in', () => {
    assert.equal(textOf('${NESTED}'), '${NAME}')
    assert.equal(textOf('${ESCAPED}'), '$${NAME}')
    assert.equal(textOf('${MISSING:-${NAME}'), '${NAME')
  })

  it('tells what is missing and what is no placeholder, each by its own', () => {
    const { text, problems } = substitute('${ONE} ${TWO-x} ${} ${NAME} ${THREE', env)
    assert.equal(text, '${ONE} ${TWO-x} ${} value ${THREE')
    assert.equal(problems.length, 4)
    assert.match(problems[0] ?? '', /ONE is not set.*\$\{ONE:-default\}/)
    assert.match(problems[1] ?? '', /found "\$\{TWO-x\}"/)
  })

  it('takes nothing from the prototype of the environment', () => {
    assert.equal(substitute('${toString}', env).problems.length, 1)
    assert.equal(substitute('${constructor}${__proto__}', env).problems.length, 2)
  })

  it('knows a text that is one placeholder', () => {
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
    it(`takes ${JSON.stringify(text)} for ${JSON.stringify(value)}`, () => assert.deepEqual(readScalar(text), value))
  }

  it('gives scalars only, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = readScalar(text)
        assert.ok(value === null || ['string', 'number', 'boolean'].includes(typeof value))
        if (typeof value === 'string') assert.equal(value, text)
      }),
    )
  })
})
