import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle/bundle.ts'
import { writeDeclarations } from './bundle/declarations.ts'
import { writeLicences } from './bundle/licences.ts'

/**
 * Builds the program into `dist`, or into the folder given: few files with all libraries in them, the declarations of
 * what the package exports, and the licences of the libraries (`docs/decisions/packages.md`).
 */

const root = join(import.meta.dirname, '..')

export async function buildProgram(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const modules = await bundle(folder)
  writeDeclarations(join(folder, 'types'))
  writeLicences(join(folder, 'third-party-licences.txt'), modules)
  // Where `load` looks for it: one folder up from its code.
  cpSync(join(root, 'packages/load/src/page'), join(folder, 'page'), { recursive: true })
  chmodSync(join(folder, 'cli/main.js'), 0o755)
}

if (import.meta.main) await buildProgram(process.argv[2] ?? join(root, 'dist'))
