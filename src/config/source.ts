import type { Path } from '../kit/json-pointer.ts'
import { type Finding, type Place, pathText } from './fault.ts'

/** One node of the file, at the path of the value that was read from it. */
export interface Spot {
  /** Where the value begins. */
  readonly at: Place
  /** Where its key begins, if it has one. */
  readonly keyAt: Place | undefined
  /** Its value begins on a later line than its key, so that the key shows better what is meant. */
  readonly shownByKey: boolean
  /** It was a placeholder and nothing else. */
  readonly placeholder: 'plain' | 'quoted' | undefined
  /** What should stand here could not be read, and that has been told; its value means nothing. */
  readonly unread: boolean
  readonly children: ReadonlyMap<string | number, Spot>
}

/** A configuration as it was read, before anything is checked. */
export interface Source {
  readonly file: string
  readonly value: unknown
  /** Undefined where places are not known, as in a module. */
  readonly root: Spot | undefined
  /** What is wrong with it so far, such as placeholders that could not be replaced. */
  readonly findings: readonly Finding[]
}

/** The spot at a path; undefined if there is none. */
export function spotAt(root: Spot | undefined, path: Path): Spot | undefined {
  let spot = root
  for (const step of path) spot = spot?.children.get(step)
  return spot
}

/** Whether it has been told already that there is nothing to be read at this path. */
export function isUnread({ root, findings }: Source, path: Path): boolean {
  if (root !== undefined) return spotAt(root, path)?.unread ?? false
  return findings.some((finding) => pathText(finding.path) === pathText(path))
}
