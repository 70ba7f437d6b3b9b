import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { describe, it } from 'node:test'
import { formatDiagnostics } from '../../src/config/diagnostics.ts'
import { parseConfig } from '../../src/config/load.ts'

/**
 * Each `CASE.txt` has the diagnostics of `CASE.yaml`, as the command line prints them. Set `UPDATE_GOLDEN=1` in the
 * environment to rewrite them; then review the diff.
 */
const folder = join(import.meta.dirname, '../golden/config')
const update = process.env['UPDATE_GOLDEN'] === '1'

const env = { PORT: '8081', DIGITS: '12345678901234567890', EMPTY: '' }

const cases = readdirSync(folder).filter((file) => extname(file) !== '.txt')

function told(file: string): string {
  const format = extname(file) === '.json' ? 'json' : 'yaml'
  const result = parseConfig(readFileSync(join(folder, file), 'utf8'), { file, format, env })
  return result.ok ? '' : `${formatDiagnostics(result.diagnostics)}\n`
}

function holds(file: string, expectedFile: string): void {
  assert.ok(existsSync(expectedFile), `${expectedFile} is missing`)
  assert.equal(told(file), readFileSync(expectedFile, 'utf8'))
}

describe('golden diagnostics', () => {
  it('has cases', () => {
    assert.ok(cases.length >= 25, `only ${cases.length}`)
  })

  for (const file of cases) {
    it(basename(file, extname(file)).replaceAll('-', ' '), () => {
      const expectedFile = join(folder, `${basename(file, extname(file))}.txt`)
      if (update) writeFileSync(expectedFile, told(file))
      holds(file, expectedFile)
    })
  }

  it('has a case for every expected output', () => {
    const names = new Set(cases.map((file) => basename(file, extname(file))))
    const outputs = readdirSync(folder).filter((file) => extname(file) === '.txt')
    assert.deepEqual(
      outputs.filter((file) => !names.has(basename(file, '.txt'))),
      [],
    )
  })

  it('would fail on another output, and on none', () => {
    assert.throws(() => holds('two-strategies.yaml', join(folder, 'no-strategy.txt')), /found forward and hedge/)
    assert.throws(() => holds('two-strategies.yaml', join(folder, 'no-such-case.txt')), /is missing/)
  })
})
