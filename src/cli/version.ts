import { readFileSync } from 'node:fs'

interface PackageFile {
  readonly version: string
}

/** As the package says; it lies two folders up from here, in the sources and when compiled. */
export const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFile)
  .version
