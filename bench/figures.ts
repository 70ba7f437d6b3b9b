/**
 * Writes the figures of the newest results (`bench/results`) into README.md and docs/benchmarks.md, between their
 * marks: `npm run bench:figures`. A test checks that the documents match.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fillBlocks } from './kit/blocks.ts'
import { figureBlocks } from './kit/figure-blocks.ts'
import { newestResults } from './kit/results.ts'

const root = join(import.meta.dirname, '..')
const makers = figureBlocks(newestResults())

for (const name of ['README.md', 'docs/benchmarks.md']) {
  const file = join(root, name)
  const text = readFileSync(file, 'utf8')
  const filled = fillBlocks(text, makers)
  if (filled !== text) writeFileSync(file, filled)
  console.log(`${name}: ${filled === text ? 'as it was' : 'new figures'}`)
}
