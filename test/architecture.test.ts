import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { describe, it } from 'node:test'
import { cyclesIn as cyclesOf, levels } from '../tools/house/import-graph.ts'

const root = join(import.meta.dirname, '..')

/** Private packages below `packages`, which only the command line puts to use. They import nothing of `src`. */
const privatePackage = /^@hedgerow\//
const mayImportPackages = new Set(['cli'])

/** Packages and built-ins restricted to some folders. */
const restricted: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['transport', 'gateway', 'admin', 'cli', 'config'],
  'node:http': ['transport', 'gateway', 'admin', 'config'],
}

/** Time and randomness are injected; only these folders ask the machine for them. */
const mayAskMachine = new Set(['kit', 'cli'])
const machineCalls = /\b(?:Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|Math\.random)\b/

/** The dashboard is separate: browser packages, its own files, and the types of the admin API. */
const webMayImport = /^(?:preact|preact\/hooks|uplot|uplot\/dist\/uPlot\.min\.css)$/
const adminApi = '../src/admin/api.ts'

/** Schemas for the OpenAPI description. Other code takes only their types, so that serving threads load no zod for it. */
const describing =
  /^(?:kit\/view-schema|telemetry\/figures\/figures-schema|broadcast\/delivery-schema|callback\/callback-schema|admin\/openapi\/\w+)\.ts$/

interface Source {
  /** Relative to `src`, with `/`. */
  readonly file: string
  readonly text: string
}

function breachesOf(sources: readonly Source[]): readonly string[] {
  return [...sources.flatMap(importBreaches), ...sources.flatMap(machineBreaches), ...cyclesIn(sources)]
}

function importBreaches({ file, text }: Source): readonly string[] {
  const from = folderOf(file)
  return importsOf(text).flatMap((specifier) => {
    const allowed = restricted[specifier]
    if (allowed !== undefined && !allowed.includes(from)) return [`${file} imports ${specifier}`]
    if (privatePackage.test(specifier) && !mayImportPackages.has(from)) return [`${file} imports ${specifier}`]
    if (!specifier.startsWith('.')) {
      return from === 'core' && !specifier.startsWith('node:') ? [`${file} imports ${specifier}`] : []
    }
    const target = resolveImport(file, specifier)
    const isLoaded =
      describing.test(target) &&
      !describing.test(file) &&
      !isTypeImport(specifier, text) &&
      !isDynamicImport(specifier, text)
    return isAllowed(file, target) && !isLoaded ? [] : [`${file} imports ${target}`]
  })
}

/** Files of one package, relative to its folder: its own files, Node's modules, its dependencies, and no machine. */
function packageBreachesOf(sources: readonly Source[], dependencies: readonly string[]): readonly string[] {
  const isOwn = (file: string, specifier: string): boolean =>
    specifier.startsWith('.') ? !resolveImport(file, specifier).startsWith('..') : dependencies.includes(specifier)
  const imports = sources.flatMap(({ file, text }) =>
    importsOf(text)
      .filter((specifier) => !specifier.startsWith('node:') && !isOwn(file, specifier))
      .map((specifier) => `${file} imports ${specifier}`),
  )
  return [...imports, ...sources.flatMap(machineBreaches), ...cyclesIn(sources)]
}

/** Files below `web`. */
function webBreachesOf(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ file, text }) =>
    importsOf(text)
      .filter((specifier) => !isAllowedInWeb(file, specifier, text))
      .map((specifier) => `${file} imports ${specifier}`),
  )
}

function isAllowedInWeb(file: string, specifier: string, text: string): boolean {
  if (!specifier.startsWith('.')) return webMayImport.test(specifier)
  const target = resolveImport(file, specifier)
  if (!target.startsWith('../')) return true
  return target === adminApi && isTypeImport(specifier, text)
}

function isTypeImport(specifier: string, text: string): boolean {
  return new RegExp(`import type [^'"]*? from '${specifier.replaceAll('.', '\\.')}'`).test(text)
}

function isDynamicImport(specifier: string, text: string): boolean {
  return text.includes(`import('${specifier}')`)
}

function isAllowed(file: string, target: string): boolean {
  const from = folderOf(file)
  const to = folderOf(target)
  const [fromLevel, toLevel] = [levels[from], levels[to]]
  if (fromLevel === undefined || toLevel === undefined || toLevel > fromLevel) return false
  return (
    from !== 'strategies' || to !== 'strategies' || strategyOf(file) === strategyOf(target) || isShared(file, target)
  )
}

/** Files beside the strategies are shared by all, and may combine their options. */
function isShared(file: string, target: string): boolean {
  return strategyOf(file) === undefined || strategyOf(target) === undefined
}

function strategyOf(file: string): string | undefined {
  const parts = file.split('/')
  return parts.length > 2 ? parts[1] : undefined
}

function machineBreaches({ file, text }: Source): readonly string[] {
  if (mayAskMachine.has(folderOf(file))) return []
  const found = machineCalls.exec(withoutComments(text))
  return found === null ? [] : [`${file} asks the machine: ${found[0]}`]
}

function cyclesIn(sources: readonly Source[]): readonly string[] {
  return cyclesOf(
    sources.flatMap(({ file, text }) =>
      importsOf(text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => ({ from: file, to: resolveImport(file, specifier) })),
    ),
  )
}

/** Static imports, types included, and dynamic ones. */
function importsOf(text: string): readonly string[] {
  const pattern = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|\bimport\(?\s*['"]([^'"]+)['"]/g
  return [...withoutComments(text).matchAll(pattern)].map((match) => (match[1] ?? match[2]) as string)
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

function resolveImport(file: string, specifier: string): string {
  return posix.normalize(posix.join(dirname(file), specifier))
}

function folderOf(file: string): string {
  return file.split('/')[0] as string
}

function readSources(folder: string): readonly Source[] {
  const top = join(root, folder)
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.ts$|test-kit\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ file: relative(top, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }))
}

describe('architecture', () => {
  it('lets no folder import from a higher level, no strategy import another, and has no cycle', () => {
    const sources = readSources('src')
    assert.ok(sources.length > 80, 'the sources were found')
    assert.deepEqual(breachesOf(sources), [])
  })

  it('lets the dashboard import only the types of the admin API from the gateway, and has no cycle there', () => {
    const sources = readSources('web').filter(({ file }) => file.startsWith('src/'))
    assert.ok(sources.length > 30, 'the sources were found')
    assert.deepEqual([...webBreachesOf(sources), ...cyclesIn(sources)], [])
  })

  for (const name of ['backend', 'load']) {
    it(`lets the package ${name} import only itself, Node and its dependencies, and has no cycle there`, () => {
      const sources = readSources(`packages/${name}`)
      const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
        readonly dependencies?: Readonly<Record<string, string>>
      }
      assert.ok(sources.length > 20, 'the sources were found')
      assert.deepEqual(packageBreachesOf(sources, Object.keys(dependencies)), [])
    })
  }

  const plantedInPackage: readonly (readonly [string, string])[] = [
    ['a file of the gateway', "import type { Clock } from '../../../src/kit/clock.ts'"],
    ['a file of another package', "import { parseProfile } from '../../backend/src/profile.ts'"],
    ['another package by name', "import { startBackend } from '@hedgerow/backend/server'"],
    ['an undeclared dependency', "import { parse } from 'yaml'"],
    ['a clock of its own', 'const now = Date.now()'],
  ]
  for (const [name, text] of plantedInPackage) {
    it(`catches ${name} in a package`, () => {
      assert.equal(packageBreachesOf([{ file: 'src/a.ts', text }], ['zod']).length, 1)
    })
  }

  const plantedInWeb: readonly (readonly [string, string])[] = [
    ['code of the gateway', "import type { Config } from '../../src/config/schema.ts'"],
    ['values of the admin API', "import { x } from '../../src/admin/api.ts'"],
    [
      'values of the admin API behind a type',
      "import type { A } from './a.ts'\nimport { x } from '../../src/admin/api.ts'",
    ],
    ['another package', "import { html } from 'lit'"],
    ['a built-in of Node', "import { join } from 'node:path'"],
  ]
  for (const [name, text] of plantedInWeb) {
    it(`catches ${name} in the dashboard`, () => assert.equal(webBreachesOf([{ file: 'src/a.ts', text }]).length, 1))
  }

  const planted: readonly (readonly [string, readonly Source[], RegExp])[] = [
    [
      'an import upwards',
      [{ file: 'kit/a.ts', text: "import { b } from '../gateway/b.ts'" }],
      /kit\/a\.ts imports gateway\/b\.ts/,
    ],
    [
      'a type import upwards',
      [{ file: 'core/a.ts', text: "import type { B } from '../kit/b.ts'" }],
      /core\/a\.ts imports/,
    ],
    ['a dynamic import upwards', [{ file: 'kit/a.ts', text: "await import('../cli/b.ts')" }], /kit\/a\.ts imports/],
    [
      'an import over several lines',
      [{ file: 'kit/a.ts', text: "import {\n  b,\n} from '../cli/b.ts'" }],
      /kit\/a\.ts imports/,
    ],
    ['a package in core', [{ file: 'core/a.ts', text: "import { z } from 'zod'" }], /core\/a\.ts imports zod/],
    [
      'a strategy that imports another',
      [{ file: 'strategies/first/a.ts', text: "export * from '../hedge/b.ts'" }],
      /first/,
    ],
    [
      'a gateway that imports the backends',
      [{ file: 'gateway/a.ts', text: "import '@hedgerow/backend/server'" }],
      /backend/,
    ],
    [
      'a gateway that imports the load tester',
      [{ file: 'gateway/a.ts', text: "import '@hedgerow/load/setup'" }],
      /load/,
    ],
    [
      'a socket outside the transport',
      [{ file: 'upstream/a.ts', text: "import { connect } from 'node:net'" }],
      /node:net/,
    ],
    [
      'a schema of the OpenAPI description that is loaded with the gateway',
      [{ file: 'admin/a.ts', text: "import { delivery } from '../broadcast/delivery-schema.ts'" }],
      /delivery-schema/,
    ],
    ['a clock of its own', [{ file: 'strategies/hedge/a.ts', text: 'const now = Date.now()' }], /asks the machine/],
    [
      'a cycle of types',
      [
        { file: 'core/a.ts', text: "import type { B } from './b.ts'" },
        { file: 'core/b.ts', text: "import type { A } from './a.ts'" },
      ],
      /core\/a\.ts -> core\/b\.ts -> core\/a\.ts/,
    ],
  ]
  for (const [name, sources, expected] of planted) {
    it(`catches ${name}`, () => assert.match(breachesOf(sources).join('\n'), expected))
  }
})
