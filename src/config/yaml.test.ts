import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { pathText } from './diagnostic.ts'
import { readYaml } from './yaml.ts'
import { masked } from './yaml-mask.ts'

const env = { PORT: '8080', TEXT: 'a, b: {c}' }

function read(text: string) {
  const result = readYaml(text, { file: 'x.yaml', format: 'yaml', env })
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.diagnostics))
  return result.source
}

function diagnosticsOf(text: string) {
  const result = readYaml(text, { file: 'x.yaml', format: 'yaml', env })
  return result.ok ? [] : result.diagnostics
}

describe('readYaml', () => {
  it('reads placeholders in block and flow style; only unquoted ones become numbers', () => {
    const text = 'a: ${PORT}\nb: { c: ${PORT}, d: "${PORT}", e: [${NO:-1}, x${PORT}] }\nf: ${TEXT}\n'
    assert.deepEqual(read(text).value, {
      a: 8080,
      b: { c: 8080, d: '8080', e: [1, 'x8080'] },
      f: 'a, b: {c}',
    })
  })

  it('leaves keys alone', () => {
    assert.deepEqual(read('${PORT}: 1\na: { ${PORT}: 2 }\n').value, { '${PORT}': 1, a: { '${PORT}': 2 } })
  })

  it('merges explicit keys first, then the first source', () => {
    const text = 'x: &x { a: 1, b: 1 }\ny: &y { b: 2, c: 2 }\nz:\n  b: 3\n  <<: [*x, *y]\nw: { <<: *y }\n'
    const { value } = read(text)
    assert.deepEqual(value, {
      x: { a: 1, b: 1 },
      y: { b: 2, c: 2 },
      z: { b: 3, a: 1, c: 2 },
      w: { b: 2, c: 2 },
    })
  })

  it('uses the latest anchor of a name', () => {
    assert.deepEqual(read('a: &x 1\nb: *x\nc: &x 2\nd: *x\n').value, { a: 1, b: 1, c: 2, d: 2 })
  })

  it('reads all JSON syntax', () => {
    const value = { a: [1, true, null, 'x\n"'], 'b c': {}, é: -1.5e3, d: [] }
    for (const indent of [undefined, 2, '\t']) {
      assert.deepEqual(read(JSON.stringify(value, undefined, indent)).value, value)
    }
  })

  it('reads any JSON object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (object) => {
        fc.pre(!JSON.stringify(object).includes('${') && !JSON.stringify(object).includes('"__proto__"'))
        const text = JSON.stringify(object, undefined, 1)
        assert.equal(JSON.stringify(read(text).value), JSON.stringify(JSON.parse(text)))
      }),
    )
  })

  it('limits aliases that would grow without end', () => {
    const levels = ['a: &l0 [x, x, x, x, x, x, x, x, x, x]']
    for (let level = 1; level < 20; level++) {
      const alias = `*l${level - 1}`
      levels.push(`b${level}: &l${level} [${Array.from({ length: 10 }, () => alias).join(', ')}]`)
    }
    const { findings } = read(levels.join('\n'))
    assert.equal(findings.length, 1)
    assert.match(findings[0]?.message ?? '', /more than 50000 values/)
  })

  it('reports an alias within its own anchor, and one without an anchor', () => {
    const { findings } = read('a: &a [*a]\nb: *c\n')
    assert.deepEqual(
      findings.map(({ path }) => pathText(path)),
      ['a[0]', 'b'],
    )
  })

  it('reports too deep nesting, in the tree and in the parser', () => {
    assert.match(read(`a: ${'['.repeat(200)}${']'.repeat(200)}`).findings[0]?.message ?? '', /too deeply/)
    assert.match(diagnosticsOf(`a: ${'['.repeat(200_000)}`)[0]?.message ?? '', /too deeply/)
    assert.match(diagnosticsOf(`a: ${'{a: '.repeat(50_000)}`)[0]?.message ?? '', /too deeply/)
  })

  it('reports a few syntax errors, not the hundreds that follow from them', () => {
    const diagnostics = diagnosticsOf('[\n'.repeat(1000))
    assert.ok(diagnostics.length >= 1 && diagnostics.length <= 5)
  })
})

describe('masked', () => {
  it('keeps all positions, and can be undone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('${', '}', '{', '[', ',', 'A', ':-', '\n', '"', '$', '\ue000', ' ')),
        (parts) => {
          const text = parts.join('')
          const mask = masked(text)
          assert.equal(mask.text.length, text.length)
          assert.equal(mask.unmask(mask.text), text)
        },
      ),
    )
  })
})
