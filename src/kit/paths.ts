import { isAbsolute, join } from 'node:path'

/** The path as seen from the folder, if it is relative. */
export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}
