import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Diagnostic } from '../../src/config/diagnostic.ts'
import { formatDiagnostics } from '../../src/config/diagnostics.ts'
import { type LoadResult, parseConfig, parseConfigValue } from '../../src/config/load.ts'
import { configSchema } from '../../src/config/schema.ts'
import { schemaAt } from '../../src/config/shape.ts'

const golden = join(import.meta.dirname, '../golden/config')
const valid = readFileSync(join(golden, 'valid-complete.yaml'), 'utf8')
const seeds = readdirSync(golden)
  .filter((file) => extname(file) !== '.txt')
  .map((file) => readFileSync(join(golden, file), 'utf8'))

const env = { PORT: '8081', DIGITS: '12345678901234567890', EMPTY: '', NASTY: '${PORT}: [*x]' }
const parse = (text: string): LoadResult => parseConfig(text, { file: 'x.yaml', env })

/** A configuration, or at least one diagnostic with a message; never neither. */
function holdsToItsWord(result: LoadResult, text: string | undefined): void {
  if (result.ok) {
    assert.ok(result.config.listen.port >= 0)
    return
  }
  assert.ok(result.diagnostics.length > 0)
  for (const diagnostic of result.diagnostics) {
    assert.ok(diagnostic.message.length > 0 && !/undefined|\[object|NaNms/.test(diagnostic.message), diagnostic.message)
    if (text !== undefined) assert.ok(isInside(diagnostic, text), formatDiagnostics([diagnostic]))
    if (diagnostic.suggestion !== undefined) assert.ok(diagnostic.message.includes(diagnostic.suggestion))
  }
}

function isInside({ line, column }: Diagnostic, text: string): boolean {
  // A whole file has no position. An unclosed construct is reported past the end.
  if (line === undefined || column === undefined) return line === column
  const lines = text.split('\n')
  return line >= 1 && line <= lines.length + 1 && column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1
}

/** Fragments of configurations. */
const piece = fc.oneof(
  fc.constantFrom(
    'listen:',
    'routes:',
    '- match: GET /\n',
    '  ',
    '\n',
    '\t',
    '{',
    '}',
    '[',
    ']',
    ': ',
    ', ',
    '&a ',
    '*a',
    '<<: ',
  ),
  fc.constantFrom(
    '!tag ',
    '---\n',
    '|\n',
    '>-\n',
    '"',
    "'",
    '#',
    '${PORT}',
    '${NASTY}',
    '${',
    '$${',
    '? ',
    '%YAML 1.1\n',
    '__proto__',
    '\r\n',
  ),
  fc.constantFrom(
    'hedge',
    'all',
    'calls',
    'upstream',
    'after',
    'targets',
    '300ms',
    '20%',
    '5',
    '-1',
    'null',
    '~',
    '.nan',
    '1e999',
    '\0',
    '\ufeff',
    '😀',
  ),
  fc.string({ maxLength: 5 }),
)

const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(12), put: piece })

function edited(
  text: string,
  edits: readonly { readonly at: number; readonly cut: number; readonly put: string }[],
): string {
  return edits.reduce((before, { at, cut, put }) => {
    const start = Math.floor(at * before.length)
    return before.slice(0, start) + put + before.slice(start + cut)
  }, text)
}

describe('parseConfig accepts any input without throwing:', () => {
  it('arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => holdsToItsWord(parse(text), undefined)),
      { numRuns: 1000 },
    )
  })

  it('text of configuration fragments', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) =>
        holdsToItsWord(parse(pieces.join('')), pieces.join('')),
      ),
      { numRuns: 2000 },
    )
  })

  it('a valid configuration with some edits', () => {
    fc.assert(
      fc.property(fc.constantFrom(valid, ...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }), (seed, edits) => {
        const text = edited(seed, edits)
        holdsToItsWord(parse(text), text)
      }),
      { numRuns: 2000 },
    )
  })

  it('any value that a module may export', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    })
    const value = fc.oneof(
      anything,
      fc.record(
        { listen: anything, admin: anything, upstreams: anything, routes: anything, trust: anything },
        { requiredKeys: [] },
      ),
      fc.record({
        routes: fc.array(
          fc.record(
            { match: fc.constant('GET /'), hedge: anything, all: anything, deadline: anything },
            { requiredKeys: ['match'] },
          ),
        ),
      }),
    )
    fc.assert(
      fc.property(value, (given) => holdsToItsWord(parseConfigValue(given, { file: 'x.ts', env }), undefined)),
      { numRuns: 2000 },
    )
  })
})

describe('suggestions', () => {
  const keys = [
    'listen',
    'admin',
    'upstreams',
    'routes',
    'match',
    'forward',
    'first',
    'all',
    'hedge',
    'upstream',
    'targets',
    'path',
    'retry',
    'attempts',
    'backoff',
    'calls',
    'after',
    'failures',
    'deadline',
    'DEADLINE',
    'pass',
    'work',
  ]
  /** A key with one typo. */
  const slip = fc.tuple(fc.constantFrom(...keys), fc.nat(10), fc.constantFrom('', 'x', 'e', 'ee'))

  it('are always keys allowed at that point, or existing names', () => {
    let suggested = 0
    fc.assert(
      fc.property(slip, ([key, at, put]) => {
        const place = at % key.length
        const misspelt = key.slice(0, place) + put + key.slice(place + 1)
        const text = valid.replaceAll(new RegExp(`\\b${key}\\b`, 'g'), misspelt)
        const result = parse(text)
        if (result.ok) return
        for (const { path, message, suggestion } of result.diagnostics) {
          if (suggestion === undefined) continue
          suggested++
          const offered = (/(?:Allowed|Upstreams): (.*)$/.exec(message)?.[1] ?? '').split(', ')
          const words = [...message.matchAll(/`([^`]+)`/g)].map(([, word]) => word)
          assert.ok(offered.includes(suggestion) || words.includes(suggestion), `${path}: ${message}`)
        }
      }),
      { numRuns: 500 },
    )
    assert.ok(suggested > 100)
  })

  it('are keys of the schema', () => {
    const result = parse('rotes: []\nlisten: { prt: 1, hots: x }\n')
    assert.ok(!result.ok)
    assert.deepEqual(
      result.diagnostics.map(({ suggestion }) => suggestion),
      ['routes', 'port', 'host'],
    )
    assert.ok(schemaAt(configSchema, ['listen', 'port'], {}) !== undefined)
    assert.equal(schemaAt(configSchema, ['listen', 'prt'], {}), undefined)
  })
})
