import type { z } from 'zod'
import type { Path } from '../kit/json-pointer.ts'
import { pathText } from './diagnostic.ts'
import { meantIssues, pathOf } from './meant.ts'
import { type Config, configSchema } from './schema.ts'
import { valueAt } from './shape.ts'

/** The valid rest of a configuration with errors, so that it can be checked as well. */
export interface Salvage {
  readonly config: Config
  /** Maps a path in `config` to its path in the file: lists are shorter by the entries left out. */
  readonly originalPath: (path: Path) => Path
  /** Whether nothing at, above or below a path of the file was left out. */
  readonly isIntact: (path: Path) => boolean
}

type Container = Record<string | number, unknown>

/** Each pass leaves something out, at the latest one level higher than before. */
const maxPasses = 50

/** Undefined if nothing is left. `unread`: paths already known to hold no value, whatever the schema says. */
export function salvage(value: unknown, unread: readonly Path[]): Salvage | undefined {
  const lists = new Map<unknown, readonly number[]>()
  const root: Container = { config: copy(value, lists) }
  const originalPath = (path: Path): Path => toOriginal(root['config'], path, lists)
  const lost: Path[] = [...unread]
  leaveOut(root, unread, lists)
  for (let pass = 0; pass < maxPasses; pass++) {
    const result = configSchema.safeParse(root['config'])
    if (result.success) {
      return { config: result.data, originalPath, isIntact: outside(lost) }
    }
    const faulty = meantIssues(result.error.issues, configSchema, root['config']).flatMap(faultyPaths)
    const present = faulty.map((path) => nearestPresent(root['config'], path))
    if (present.some((path) => path.length === 0)) return undefined
    lost.push(...present.map(originalPath))
    leaveOut(root, present, lists)
  }
  return undefined
}

/** Tells whether a path is unrelated to all of these: neither within one, nor around one. */
function outside(paths: readonly Path[]): (path: Path) => boolean {
  const within = new Set(paths.map(pathText))
  const around = new Set(paths.flatMap((path) => path.map((_, depth) => pathText(path.slice(0, depth)))))
  return (path) =>
    !around.has(pathText(path)) && ![...path, ''].some((_, depth) => within.has(pathText(path.slice(0, depth))))
}

function faultyPaths(issue: z.core.$ZodIssue): readonly Path[] {
  const path = pathOf(issue.path)
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

/** A missing value cannot be left out, but the value that lacks it can. */
function nearestPresent(value: unknown, path: Path): Path {
  let present = path
  while (present.length > 0 && valueAt(value, present) === undefined) present = present.slice(0, -1)
  return present
}

function leaveOut(root: Container, paths: readonly Path[], lists: Map<unknown, readonly number[]>): void {
  const shortened = new Map<unknown[], Set<number>>()
  for (const path of paths) {
    const parent = valueAt(root, ['config', ...path].slice(0, -1))
    const last = path.at(-1)
    if (Array.isArray(parent) && typeof last === 'number') {
      shortened.set(parent, (shortened.get(parent) ?? new Set()).add(last))
    } else if (typeof parent === 'object' && parent !== null && last !== undefined) {
      delete (parent as Container)[last]
    }
  }
  // All at once, because the indexes of the later ones would shift.
  for (const [list, indexes] of shortened) {
    const kept = (_: unknown, index: number): boolean => !indexes.has(index)
    lists.set(list, (lists.get(list) ?? []).filter(kept))
    list.splice(0, list.length, ...list.filter(kept))
  }
}

function toOriginal(value: unknown, path: Path, lists: ReadonlyMap<unknown, readonly number[]>): Path {
  return path.map((step, depth) => {
    const indexes = typeof step === 'number' ? lists.get(valueAt(value, path.slice(0, depth))) : undefined
    return typeof step === 'number' ? (indexes?.[step] ?? step) : step
  })
}

/** `lists` gets, for each list of the copy, the indexes of its entries in the file. */
function copy(value: unknown, lists: Map<unknown, readonly number[]>): unknown {
  if (Array.isArray(value)) {
    const list = value.map((entry) => copy(entry, lists))
    lists.set(list, [...list.keys()])
    return list
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member, lists)]))
}
