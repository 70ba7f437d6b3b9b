import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Writes the declarations of what the package exports (`tsconfig.build.json` lists it), and of the types in them. */
export function writeDeclarations(folder: string): void {
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', folder], { cwd: root, stdio: 'inherit' })
  const { files } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as {
    readonly files: readonly string[]
  }
  const needed = reachable(files.map((file) => join(folder, declarationOf(file.replace(/^src\//, '')))))
  // tsc also declares modules of which the exports use values alone.
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !needed.has(path)) rmSync(path)
  }
}

/** These declarations and all that they import, directly or not, except those of libraries. */
function reachable(files: readonly string[]): ReadonlySet<string> {
  const found = new Set(files)
  // Files that are added meanwhile are visited too.
  for (const file of found) {
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      found.add(join(dirname(file), declarationOf(specifier)))
    }
  }
  return found
}

function declarationOf(file: string): string {
  return file.replace(/\.[jt]s$/, '.d.ts')
}
