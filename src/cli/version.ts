import { readFileSync } from 'node:fs'

interface PackageFile {
  readonly version: string
}

/** From `package.json`, which is two folders up, both in the sources and when compiled. */
export const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFile)
  .version
