import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { SourceFile } from 'typescript/unstable/ast'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'

export interface Source {
  /** Relative to the checkout, with `/`. */
  readonly file: string
  readonly text: string
}

export interface Parsed extends Source {
  readonly tree: SourceFile
}

export interface House {
  readonly src: readonly Parsed[]
  /** The separate products, whose types and cycles count too. */
  readonly packages: readonly Parsed[]
  readonly web: readonly Parsed[]
}

/** All sources of a checkout. */
export function readHouse(root: string): House {
  const parsed = parse([...readSources(root, 'src'), ...readPackages(root), ...readSources(root, 'web/src')])
  const below = (folder: string): readonly Parsed[] => parsed.filter(({ file }) => file.startsWith(`${folder}/`))
  return { src: below('src'), packages: below('packages'), web: below('web') }
}

/** The sources below `folder`, a path relative to `root`, without tests; none if there is no such folder. */
function readSources(root: string, folder: string): readonly Source[] {
  const top = join(root, folder)
  if (!existsSync(top)) return []
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter(({ name }) => /\.tsx?$/.test(name) && !/\.(?:test|d)\.tsx?$|test-kit\.ts$/.test(name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'))
    .map((path) => ({ file: relative(root, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }))
}

/** The separate products in `packages/`. */
function readPackages(root: string): readonly Source[] {
  const top = join(root, 'packages')
  if (!existsSync(top)) return []
  return readdirSync(top).flatMap((name) => readSources(root, `packages/${name}/src`))
}

/** Parses without resolving imports or checking types: one second for the whole source. */
export function parse(sources: readonly Source[]): readonly Parsed[] {
  const at = (file: string): string => `/house/${file}`
  const compilerOptions = { noLib: true, noResolve: true, types: [], jsx: 'preserve', allowImportingTsExtensions: true }
  const config = JSON.stringify({ compilerOptions, files: sources.map(({ file }) => at(file)) })
  const files = Object.fromEntries(sources.map(({ file, text }) => [at(file), text]))
  const api = new API({ cwd: '/house', fs: createVirtualFileSystem({ ...files, '/house/tsconfig.json': config }) })
  try {
    const program = api.updateSnapshot({ openProjects: ['/house/tsconfig.json'] }).getProjects()[0]?.program
    return sources.map((source) => {
      const tree = program?.getSourceFile(at(source.file))
      if (tree === undefined) throw new Error(`${source.file} was not parsed`)
      return { ...source, tree }
    })
  } finally {
    api.close()
  }
}
