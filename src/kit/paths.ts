import { isAbsolute, join } from 'node:path'

/** Resolves a relative path against the folder. */
export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}
