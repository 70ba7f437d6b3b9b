import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dependencyRow } from '../tools/house/dependencies.ts'
import { parse, type Source } from '../tools/house/sources.ts'
import { staticRows } from '../tools/house/static-rows.ts'

const config = { file: 'src/config/schema.ts', text: 'export type Config = { readonly port: number }\n' }
const waiters = { file: 'src/callback/waiters.ts', text: 'export class Waiters {}\n' }

/** Rows of a small house, by name. */
function rowsOf(...extra: readonly Source[]): Readonly<Record<string, readonly string[] | number>> {
  const parsed = parse([config, waiters, ...extra])
  const below = (folder: string) => parsed.filter(({ file }) => file.startsWith(`${folder}/`))
  const rows = staticRows({ src: below('src'), packages: below('packages'), web: below('web') })
  return Object.fromEntries(rows.map(({ what, counted, value }) => [what, counted.length > 0 ? counted : value]))
}

describe('measure-house', () => {
  it('counts lines, rooms and arrows between rooms of the gateway', () => {
    const rows = rowsOf(
      { file: 'src/gateway/a.ts', text: "import { b } from './b.ts'\nimport { c } from './in/c.ts'\n" },
      { file: 'src/gateway/b.ts', text: "export { d } from './in/d.ts'\n" },
      { file: 'src/gateway/in/c.ts', text: "import type { D } from './d.ts'\n" },
      { file: 'src/gateway/in/d.ts', text: 'export const d = 1\n' },
    )
    assert.equal(rows['src/gateway: lines'], 5)
    assert.deepEqual(rows['src/gateway: rooms'], ['a.ts', 'b.ts', 'in'])
    assert.deepEqual(rows['src/gateway: arrows between rooms'], ['a.ts -> b.ts', 'a.ts -> in', 'b.ts -> in'])
  })

  it('counts the files that a gauge crosses, and not those of metrics and lists', () => {
    const rows = rowsOf(
      { file: 'src/callback/callbacks.ts', text: 'export class Callbacks {\n  readonly waiters = 1\n}\n' },
      { file: 'src/callback/callback.ts', text: 'callbacks.waiters.register()\n' },
      { file: 'src/telemetry/metrics/a.ts', text: 'const { waiters } = sources\n' },
      { file: 'src/admin/list.ts', text: 'const waiters: WaiterListView = []\n' },
      { file: 'src/admin/named.ts', text: "const path = '/api/waiters' // waiters\n" },
      { file: 'src/admin/api.ts', text: 'interface LiveFigures { readonly waiters: number }\n' },
      { file: 'web/src/tile.tsx', text: 'const tile = <Tile value={figures.waiters} />\n' },
    )
    assert.deepEqual(rows['files that the gauge `waiters` crosses'], [
      'src/callback/waiters.ts',
      'src/callback/callbacks.ts',
      'src/admin/api.ts',
      'web/src/tile.tsx',
    ])
  })

  it('finds files that know the whole configuration, and features among them', () => {
    const rows = rowsOf(
      { file: 'src/broadcast/a.ts', text: "import type { Config } from '../config/schema.ts'\n" },
      { file: 'src/gateway/b.ts', text: "const c: import('../config/schema.ts').Config = { port: 1 }\n" },
      { file: 'src/config/check.ts', text: "import type { Config } from './schema.ts'\n" },
      { file: 'src/cli/c.ts', text: "// import type { Config } from '../config/schema.ts'\n" },
    )
    assert.deepEqual(rows['files outside config/ that know the whole Config'], [
      'src/broadcast/a.ts',
      'src/gateway/b.ts',
    ])
    assert.deepEqual(rows['features among them'], ['src/broadcast/a.ts'])
  })

  const planted: readonly (readonly [string, string, Source, string])[] = [
    [
      'an import upwards',
      'upward imports',
      source('src/kit/a.ts', "import type { B } from '../cli/b.ts'"),
      'src/kit/a.ts -> src/cli/b.ts',
    ],
    [
      'a cycle of types',
      'cycles, types included',
      source('src/kit/a.ts', "export type { A } from './a.ts'"),
      'src/kit/a.ts -> src/kit/a.ts',
    ],
    [
      'a cycle in a package',
      'cycles, types included',
      source('packages/load/src/a.ts', "await import('./a.ts')"),
      'packages/load/src/a.ts -> packages/load/src/a.ts',
    ],
    ['any', '`any`', source('src/kit/a.ts', 'const a: readonly any[] = []'), 'src/kit/a.ts:1'],
    ['a non-null assertion', 'non-null `!`', source('src/kit/a.ts', '\nconst b = a![0]'), 'src/kit/a.ts:2'],
    ['a definite assignment', 'non-null `!`', source('src/kit/a.ts', 'class A {\n  b!: string\n}'), 'src/kit/a.ts:2'],
    ['a cast through unknown', casts(), source('src/kit/a.ts', 'const b = a as unknown as string'), 'src/kit/a.ts:1'],
    ['a cast to never', casts(), source('src/kit/a.ts', 'f(a as never)'), 'src/kit/a.ts:1'],
    [
      'a cast to a promise of never',
      casts(),
      source('packages/load/src/a.ts', 'f(a as Promise<never>)'),
      'packages/load/src/a.ts:1',
    ],
    ['a cast without a reason', unexplained(), source('src/kit/a.ts', '// Why.\nf()\ng(a as never)'), 'src/kit/a.ts:3'],
  ]
  for (const [name, row, extra, found] of planted) {
    it(`catches ${name}`, () => assert.deepEqual(rowsOf(extra)[row], [found]))
  }

  const innocent: readonly (readonly [string, string])[] = [
    ['comments and strings', "// any, a!, a as never\nconst a = 'b as unknown as any'"],
    ['a negation', 'const a = !b && !(c as boolean)'],
    ['a plain cast', 'const a = b as string'],
    ['the type never', 'function f(): never {\n  throw new Error()\n}'],
  ]
  for (const [name, text] of innocent) {
    it(`passes ${name}`, () => {
      const rows = rowsOf(source('src/kit/a.ts', text))
      for (const row of ['`any`', 'non-null `!`', casts()]) assert.equal(rows[row], 0, row)
    })
  }

  for (const text of [
    '// Why.\nf(a as never)',
    'f(a as never) // Why.',
    'class A {\n  /** Why. */\n  b = c as never\n}',
  ]) {
    it(`accepts a cast with its reason: ${JSON.stringify(text)}`, () => {
      assert.equal(rowsOf(source('src/kit/a.ts', text))[unexplained()], 0)
    })
  }

  it('counts runtime dependencies only', () => {
    const { counted } = dependencyRow(['{ "dependencies": { "zod": "1" }, "devDependencies": { "knip": "1" } }', '{}'])
    assert.deepEqual(counted, ['zod'])
  })
})

function source(file: string, text: string): Source {
  return { file, text: `${text}\n` }
}

function casts(): string {
  return 'casts through `unknown` or `never`'
}

function unexplained(): string {
  return 'of those, without a reason in a comment'
}
