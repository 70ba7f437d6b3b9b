import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'

/** File descriptors of this process: every socket uses one. */
export interface DescriptorFigures {
  readonly open: number
  readonly limit: number
}

let limit: number | undefined

/** How many descriptors this process may open; undefined on systems without Linux's `/proc`. Read once. */
export function descriptorLimit(): number | undefined {
  // Later no descriptor may be left to read it with.
  limit ??= readLimit()
  return limit
}

/** Undefined on systems without Linux's `/proc`. */
export async function descriptorFigures(): Promise<DescriptorFigures | undefined> {
  const most = descriptorLimit()
  if (most === undefined) return undefined
  try {
    // One entry is the descriptor of the folder itself.
    return { open: (await readdir('/proc/self/fd')).length - 1, limit: most }
  } catch {
    // Reading the folder needs a descriptor, and none is left.
    return { open: most, limit: most }
  }
}

function readLimit(): number | undefined {
  try {
    return limitIn(readFileSync('/proc/self/limits', 'utf8'))
  } catch {
    return undefined
  }
}

/** The soft limit, which Node has raised to the hard limit; undefined for `unlimited`. */
export function limitIn(text: string): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
