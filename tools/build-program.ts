import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'

/**
 * Compiles the program into `dist`, or into the folder given.
 *
 * The private packages below `packages` become folders beside those of `src`, and are imported by relative path: the
 * one package that is published contains them, and no resolver has to know them (`docs/decisions/packages.md`).
 */

const root = join(import.meta.dirname, '..')
/** Files that the program reads and tsc does not emit, with their folder in the output. */
const copied = [
  ['src/cli/held-signals.cjs', 'cli/held-signals.cjs'],
  ['packages/load/src/page', 'load/page'],
] as const

export function buildProgram(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const emitted = join(folder, 'emitted')
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', emitted], { cwd: root, stdio: 'inherit' })
  moveAll(join(emitted, 'src'), folder)
  for (const name of readdirSync(join(emitted, 'packages'))) {
    renameSync(join(emitted, 'packages', name, 'src'), join(folder, name))
  }
  rmSync(emitted, { recursive: true })
  for (const file of emittedFiles(folder)) {
    const text = readFileSync(join(folder, file), 'utf8')
    const changed = withRelativeImports(file, text)
    if (changed !== text) writeFileSync(join(folder, file), changed)
  }
  for (const [from, to] of copied) cpSync(join(root, from), join(folder, to), { recursive: true })
  chmodSync(join(folder, 'cli/main.js'), 0o755)
}

/** In `cli/load.js`, `'@hedgerow/load/text/table'` becomes `'../load/text/table.js'`. `file` is relative to the output. */
export function withRelativeImports(file: string, text: string): string {
  return text.replaceAll(/'@hedgerow\/([\w/-]+)'/g, (_, module: string) => {
    const path = posix.relative(posix.dirname(file), `${module}.js`)
    return `'${path.startsWith('.') ? path : `./${path}`}'`
  })
}

function moveAll(from: string, to: string): void {
  for (const name of readdirSync(from)) renameSync(join(from, name), join(to, name))
}

function emittedFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:js|d\.ts)$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

if (import.meta.main) buildProgram(process.argv[2] ?? join(root, 'dist'))
