import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Checks the files that `npm pack` would put into the package, after `npm run build`: program, dashboard and the pages
 * that the program reads, and no tests or sources. Exit code 1 on missing or surplus files.
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
const needed = ['dist/web/index.html', 'dist/gateway/threads/worker-main.js', 'README.md', 'LICENSE', 'package.json']
/** The package needs files from each of these folders. */
const folders = ['dist/web/assets/', 'dist/load/page/', 'examples/']
const unwanted = /\.test\.|(?<!\.d)\.tsx?$|^(?:src|test|web|tools)\//

/** Lists the problems of these files as package contents. */
export function packageProblems(files: readonly string[], manifest: Manifest): readonly string[] {
  const named = [...Object.values(manifest.bin), ...Object.values(manifest.exports['.'])]
  const wanted = [...needed, ...named.map((path) => path.replace(/^\.\//, ''))]
  return [
    ...wanted.filter((path) => !files.includes(path)).map((path) => `${path} is missing`),
    ...folders.filter((folder) => !files.some((path) => path.startsWith(folder))).map((path) => `${path} is empty`),
    ...files.filter((path) => unwanted.test(path)).map((path) => `${path} does not belong there`),
  ]
}

function main(): void {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root })
  const [first] = JSON.parse(packed.toString()) as readonly { readonly files: readonly PackedFile[] }[]
  const files = (first?.files ?? []).map(({ path }) => path)
  const problems = packageProblems(files, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest)
  console.log(`package: ${files.length} files`)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}

if (import.meta.main) main()
