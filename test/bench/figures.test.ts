import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fillBlocks } from '../../bench/kit/blocks.ts'
import { figureBlocks } from '../../bench/kit/figure-blocks.ts'
import { newestResults } from '../../bench/kit/results.ts'

describe('the figures in the documents', () => {
  const makers = figureBlocks(newestResults())

  for (const name of ['README.md', 'docs/benchmarks.md']) {
    it(`${name} has the figures of the newest results: npm run bench:figures`, () => {
      const text = readFileSync(join(import.meta.dirname, '../..', name), 'utf8')
      assert.match(text, /<!-- figures: /)
      assert.equal(fillBlocks(text, makers), text)
    })
  }

  it('detects a figure that was edited by hand', () => {
    const text = 'before\n<!-- figures: a -->\n| 1 |\n<!-- /figures -->\nafter'
    assert.equal(fillBlocks(text, { a: () => '| 2 |' }), text.replace('1', '2'))
  })

  it('refuses an unknown block, and an unclosed one', () => {
    assert.throws(() => fillBlocks('<!-- figures: b -->\n<!-- /figures -->', { a: () => '' }), /No figures b/)
    assert.throws(
      () => fillBlocks('<!-- figures: a -->\n', { a: () => '' }),
      /1 blocks of figures are opened, 0 closed/,
    )
  })

  it('says so if there are no results', () => {
    for (const make of Object.values(figureBlocks({}))) assert.match(make(), /^Not measured yet: `npm run bench/)
  })
})
