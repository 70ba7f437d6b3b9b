import { basename, join } from 'node:path'
import { type OutputChunk, rolldown } from 'rolldown'

const root = join(import.meta.dirname, '../..')
/** Modules that Node, a thread or a user's import starts with. Each becomes `cli/<its own name>.js`. */
export const entries = [
  'src/cli/main.ts',
  'src/config/define-config.ts',
  'src/gateway/threads/worker-main.ts',
  'src/store/sqlite/worker.ts',
] as const

/**
 * Bundles our own code and all libraries, and returns the paths of the modules. All files land in one folder, one below
 * the package's `dist`, as deep as the sources that look for files by their own location: `../web` and
 * `../../package.json` lead to the same files as in a checkout.
 */
export async function bundle(folder: string): Promise<readonly string[]> {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((file) => [basename(file, '.ts'), file])),
    platform: 'node',
    onLog: (_level, log) => {
      // A module that one command loads lazily and another at once has a chunk of its own, so nothing is lost.
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(log.message)
    },
  })
  try {
    const { output } = await build.write({
      dir: join(folder, 'cli'),
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
      // V8 holds a source that is not ASCII in twice the memory.
      charset: 'ascii',
      comments: { legal: true, annotation: false, jsdoc: false },
      sourcemap: true,
      sourcemapExcludeSources: true,
      // Otherwise it is part of main.js, which other chunks would then import.
      codeSplitting: { groups: [{ name: 'held-signals', test: /held-signals\.cjs$/ }] },
    })
    const chunks = output.filter((file) => file.type === 'chunk')
    const missing = missingFiles(chunks)
    if (missing.length > 0) throw new Error(`not in the bundle, but started by their path: ${missing.join(', ')}`)
    return chunks.flatMap(({ moduleIds }) => moduleIds)
  } finally {
    await build.close()
  }
}

/** Programs of threads and the like that the code finds beside itself, and that no entry makes. */
export function missingFiles(chunks: readonly Pick<OutputChunk, 'code' | 'fileName'>[]): readonly string[] {
  const beside = /new URL\(["'`]\.\/([^"'`$]+)[^,]*, import\.meta\.url\)/g
  return chunks
    .flatMap(({ code }) => [...code.matchAll(beside)].map(([, name = '']) => name))
    .filter((name) => !chunks.some(({ fileName }) => fileName.startsWith(name)))
}
