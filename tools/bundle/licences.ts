import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
/** They ask for their text to be shipped, and for nothing else. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

export interface Library {
  readonly name: string
  readonly version: string
  readonly licence: string
  /** Its licence, and its notices if it has any. */
  readonly texts: readonly string[]
}

/** Writes the licences of all libraries in the bundle, and in the dashboard. */
export function writeLicences(file: string, modules: readonly string[]): void {
  const libraries = [...new Set([...foldersOf(modules), ...dashboardFolders()])].map(libraryIn)
  writeFileSync(file, licencesText(libraries))
}

/** Throws if one of them may not be shipped like this. */
export function licencesText(libraries: readonly Library[]): string {
  for (const { name, licence, texts } of libraries) {
    if (!permissive.has(licence)) throw new Error(`${name} has the licence ${licence}, which is not on the list`)
    if (texts.length === 0) throw new Error(`${name} ships no text of its licence`)
  }
  const sorted = libraries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const parts = sorted.map(({ name, version, licence, texts }) => {
    return [`${name} ${version} (${licence})`, ...texts.map((text) => text.trim())].join('\n\n')
  })
  return ['Hedgerow contains code of these libraries.', ...parts].join(`\n\n${'-'.repeat(80)}\n\n`).concat('\n')
}

/** The folder of each library that these modules belong to. */
export function foldersOf(modules: readonly string[]): readonly string[] {
  return modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.replaceAll('\\', '/'))?.[0] ?? [])
}

function dashboardFolders(): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'web/package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  const names = Object.keys(dependencies).filter((name) => name !== 'vite')
  return names.map((name) => join(root, 'node_modules', name).replaceAll('\\', '/'))
}

function libraryIn(folder: string): Library {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license: string
  }
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
  return { name, version, licence: license, texts: files.map((file) => readFileSync(join(folder, file), 'utf8')) }
}
