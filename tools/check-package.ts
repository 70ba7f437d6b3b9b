import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { entries } from './bundle/bundle.ts'
import { tryPackage } from './package/trial.ts'

/**
 * Checks the package that `npm pack` makes after `npm run build`: it has the program, the dashboard, the pages that the
 * program reads and the licences of what it contains, and no tests or sources; installed alone in an empty folder, it
 * runs every command. Exit code 1 if not.
 */

interface PackedFile {
  readonly path: string
}

export interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: { readonly '.': Readonly<Record<string, string>> }
  readonly scripts: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..')
const needed = [
  'dist/web/index.html',
  'dist/third-party-licences.txt',
  ...entries.map((file) => `dist/cli/${basename(file, '.ts')}.js`),
  'README.md',
  'LICENSE',
  'package.json',
]
/** The package needs files from each of these folders. */
const folders = ['dist/web/assets/', 'dist/page/', 'examples/']
const unwanted = /\.test\.|(?<!\.d)\.tsx?$|^(?:src|packages|test|web|tools)\//

/** Lists the problems of these files as package contents. */
export function packageProblems(files: readonly string[], manifest: Manifest): readonly string[] {
  const named = [...Object.values(manifest.bin), ...Object.values(manifest.exports['.'])]
  const wanted = new Set([...needed, ...named.map((path) => path.replace(/^\.\//, ''))])
  return [
    ...[...wanted].filter((path) => !files.includes(path)).map((path) => `${path} is missing`),
    ...folders.filter((folder) => !files.some((path) => path.startsWith(folder))).map((path) => `${path} is empty`),
    ...files.filter((path) => unwanted.test(path)).map((path) => `${path} does not belong there`),
  ]
}

async function main(): Promise<void> {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root })
  const [first] = JSON.parse(packed.toString()) as readonly { readonly files: readonly PackedFile[] }[]
  const files = (first?.files ?? []).map(({ path }) => path)
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const problems = [...packageProblems(files, manifest), ...(await tryPackage(root))]
  console.log(`package: ${files.length} files`)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}

if (import.meta.main) await main()
