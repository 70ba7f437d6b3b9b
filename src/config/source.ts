import type { Path } from '../kit/json-pointer.ts'
import { type Finding, pathText, type SourceLocation } from './diagnostic.ts'

/** One node of the file, at the path of the value read from it. */
export interface Spot {
  /** Where the value begins. */
  readonly at: SourceLocation
  /** Where its key begins, if it has one. */
  readonly keyAt: SourceLocation | undefined
  /** The value begins on a later line than its key, so that the key is clearer to show. */
  readonly shownByKey: boolean
  /** The value was a single placeholder and nothing else. */
  readonly placeholder: 'plain' | 'quoted' | undefined
  /** The value could not be read, and this is already reported; it means nothing. */
  readonly unread: boolean
  readonly children: ReadonlyMap<string | number, Spot>
}

/** A configuration as read, before any check. */
export interface Source {
  readonly file: string
  readonly value: unknown
  /** Undefined when positions are unknown, as in a module. */
  readonly root: Spot | undefined
  /** Errors found so far, such as placeholders that could not be replaced. */
  readonly findings: readonly Finding[]
}

/** The spot at a path; undefined if there is none. */
export function spotAt(root: Spot | undefined, path: Path): Spot | undefined {
  let spot = root
  for (const step of path) spot = spot?.children.get(step)
  return spot
}

/** Whether an unreadable value at this path is already reported. */
export function isUnread({ root, findings }: Source, path: Path): boolean {
  if (root !== undefined) return spotAt(root, path)?.unread ?? false
  return findings.some((finding) => pathText(finding.path) === pathText(path))
}
