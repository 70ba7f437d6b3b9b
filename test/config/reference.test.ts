import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { formatDiagnostics } from '../../src/config/diagnostics.ts'
import { parseConfig } from '../../src/config/load.ts'
import { strategyNames } from '../../src/config/registry.ts'
import { failureCodes } from '../../src/core/failure.ts'
import { exampleOf, exampleUpstreams } from '../../tools/reference/examples.ts'
import { referencePages, stalePages } from '../../tools/reference/pages.ts'

const root = join(import.meta.dirname, '../..')
const committed = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('docs/reference', () => {
  it('matches the code (else: npm run reference)', () => {
    assert.deepEqual(stalePages(committed), [])
  })

  it('is detected as stale: another default, a code more or less, a page missing', () => {
    const changed = (from: string, to: string) => (file: string) => committed(file).replace(from, to)
    assert.deepEqual(stalePages(changed('`8080`', '`8081`')), ['docs/reference/configuration.md'])
    assert.deepEqual(stalePages(changed('| `DEADLINE` |', '| `TOO_LATE` |')), ['docs/reference/failures.md'])
    assert.deepEqual(
      stalePages(() => undefined),
      [...referencePages().keys()],
    )
  })

  it('has every failure code, and no other', () => {
    const told = [...committed('docs/reference/failures.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)
    assert.deepEqual(new Set(told), new Set(Object.keys(failureCodes)))
    assert.equal(told.length, new Set(told).size)
  })

  it('describes every option', () => {
    const rows = committed('docs/reference/configuration.md')
      .split('\n')
      .filter((line) => /^\| (?:`|\[)/.test(line))
    assert.ok(rows.length > 80)
    assert.deepEqual(
      rows.filter((row) => /\| +\|$/.test(row)),
      [],
    )
  })

  for (const name of strategyNames) {
    it(`has a valid example of ${name}`, () => {
      const result = parseConfig(exampleUpstreams + exampleOf(name), { file: name, env: {} })
      assert.ok(result.ok, result.ok ? '' : formatDiagnostics(result.diagnostics))
      assert.ok(result.config.routes.every((route) => route.strategy.name === name))
    })
  }
})
