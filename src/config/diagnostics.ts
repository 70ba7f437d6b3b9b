import type { Path } from '../kit/json-pointer.ts'
import { type Diagnostic, type Finding, pathText, type SourceLocation } from './diagnostic.ts'
import type { Source, Spot } from './source.ts'

/** Adds the position in the file to a finding. */
export function toDiagnostic({ file, root }: Source, { path, message, shownAt, suggestion }: Finding): Diagnostic {
  const location = root === undefined ? undefined : locationOf(root, path, shownAt)
  return { file, line: location?.line, column: location?.column, path: pathText(path), message, suggestion }
}

/** `file:line:column  path: message`, one per line; `file: message` if it is about the file itself. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join('\n')
}

export function formatDiagnostic(diagnostic: Diagnostic): string {
  if (diagnostic.line === undefined && diagnostic.path === '') return `${diagnostic.file}: ${diagnostic.message}`
  return `${locationText(diagnostic)}  ${diagnostic.path === '' ? '' : `${diagnostic.path}: `}${diagnostic.message}`
}

/** Sorts by position in the file, errors without one first; an error seen through two aliases is reported once. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>()
  const distinct = diagnostics.filter(({ line, column, path, message }) => {
    const key = `${line === undefined ? path : `${line}:${column}`} ${message}`
    return !seen.has(key) && seen.add(key)
  })
  return distinct.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function locationOf(root: Spot, path: Path, shownAt: Finding['shownAt']): SourceLocation {
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

function locationText({ file, line, column }: Diagnostic): string {
  return line === undefined ? file : `${file}:${line}:${column}`
}
