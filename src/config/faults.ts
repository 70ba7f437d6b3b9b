import type { Path } from '../kit/json-pointer.ts'
import { type Fault, type Finding, type Place, pathText } from './fault.ts'
import type { Source, Spot } from './source.ts'

/** Adds the position in the file to a finding. */
export function toFault({ file, root }: Source, { path, message, shownAt, suggestion }: Finding): Fault {
  const place = root === undefined ? undefined : placeOf(root, path, shownAt)
  return { file, line: place?.line, column: place?.column, path: pathText(path), message, suggestion }
}

/** `file:line:column  path: message`, one per line; `file: message` if it is about the file itself. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(formatFault).join('\n')
}

export function formatFault(fault: Fault): string {
  if (fault.line === undefined && fault.path === '') return `${fault.file}: ${fault.message}`
  return `${placeText(fault)}  ${fault.path === '' ? '' : `${fault.path}: `}${fault.message}`
}

/** Sorts by position in the file, errors without one first; an error seen through two aliases is reported once. */
export function sortFaults(faults: readonly Fault[]): readonly Fault[] {
  const seen = new Set<string>()
  const distinct = faults.filter(({ line, column, path, message }) => {
    const key = `${line === undefined ? path : `${line}:${column}`} ${message}`
    return !seen.has(key) && seen.add(key)
  })
  return distinct.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function placeOf(root: Spot, path: Path, shownAt: Finding['shownAt']): Place {
  let spot = root
  let depth = 0
  for (const step of shownAt === 'parent' ? path.slice(0, -1) : path) {
    const child = spot.children.get(step)
    if (child === undefined) break
    spot = child
    depth++
  }
  const byKey = spot.shownByKey || (shownAt === 'key' && depth === path.length)
  return (byKey ? spot.keyAt : undefined) ?? spot.at
}

function placeText({ file, line, column }: Fault): string {
  return line === undefined ? file : `${file}:${line}:${column}`
}
