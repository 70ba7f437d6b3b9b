import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'

/** File descriptors of this process: every socket takes one. */
export interface DescriptorFigures {
  readonly open: number
  readonly limit: number
}

let limit: number | undefined

/** How many this process may have open; undefined where the system does not say so in Linux's way. Read once. */
export function descriptorLimit(): number | undefined {
  // Later there may be none left to read it with.
  limit ??= readLimit()
  return limit
}

/** Undefined where the system does not tell. */
export async function descriptorFigures(): Promise<DescriptorFigures | undefined> {
  const most = descriptorLimit()
  if (most === undefined) return undefined
  try {
    // One of them is the folder itself.
    return { open: (await readdir('/proc/self/fd')).length - 1, limit: most }
  } catch {
    // To look takes one, and there is none.
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

/** The soft limit, which Node has raised to the hard one; `unlimited` says nothing that could be compared. */
export function limitIn(text: string): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
