import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/**
 * Builds the dashboard into `dist/web`. With `--if-older`, as `npm start` and the tests use it, only if it is missing
 * or older than its sources.
 */

const root = join(import.meta.dirname, '..')
const sources = ['web', 'package-lock.json']
const built = join(root, 'dist/web')

/** Limit on everything that a browser loads, compressed. */
export const maxBundleBytes = 100 * 1024

export async function buildWeb(): Promise<void> {
  const { build } = await import('vite')
  // A running gateway sees either the whole old dashboard or the whole new one.
  const fresh = join(root, `dist/web-${process.pid}`)
  mkdirSync(join(root, 'dist'), { recursive: true })
  await build({ configFile: join(root, 'web/vite.config.ts'), build: { outDir: fresh }, logLevel: 'warn' })
  rmSync(built, { recursive: true, force: true })
  try {
    renameSync(fresh, built)
  } catch (error) {
    // Another process has built the same dashboard at the same time.
    if (!existsSync(join(built, 'index.html'))) throw error
    rmSync(fresh, { recursive: true })
  }
}

export function isWebOlder(): boolean {
  const indexMs = statSync(join(built, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.some((source) => newestMs(join(root, source)) > indexMs)
}

/** The files that a browser loads, with gzip: the larger of the two encodings served. */
export function bundleBytes(folder = built): number {
  return filesIn(folder)
    .filter((file) => !/\.(?:gz|br)$/.test(file))
    .reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).byteLength, 0)
}

function newestMs(path: string): number {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(0, ...filesIn(path).map((file) => statSync(file).mtimeMs))
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

async function main(): Promise<void> {
  if (!process.argv.includes('--if-older') || isWebOlder()) await buildWeb()
  const bytes = bundleBytes()
  console.log(`dashboard: ${(bytes / 1024).toFixed(1)} KiB compressed, at most ${maxBundleBytes / 1024} are allowed`)
  if (bytes > maxBundleBytes) process.exitCode = 1
}

if (import.meta.main) await main()
