import { dirname, posix } from 'node:path'
import type { Node } from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
} from 'typescript/unstable/ast/is'
import { type Row, row } from './row.ts'
import type { Parsed } from './sources.ts'

/** A folder of `src` may import its own level and the levels below it. */
export const levels: Readonly<Record<string, number>> = {
  core: 0,
  kit: 1,
  transport: 2,
  store: 2,
  layers: 2,
  telemetry: 3,
  strategies: 3,
  upstream: 4,
  broadcast: 4,
  callback: 4,
  config: 5,
  admin: 6,
  gateway: 7,
  cli: 8,
}

export interface Import {
  readonly from: string
  readonly to: string
}

/** Imports of files by files: static, dynamic, re-exports, and types alone. */
export function importsOf(sources: readonly Parsed[]): readonly Import[] {
  return sources.flatMap(({ file, tree }) =>
    specifiersIn(tree)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => ({ from: file, to: posix.normalize(posix.join(dirname(file), specifier)) })),
  )
}

function specifiersIn(node: Node): readonly string[] {
  const found: string[] = []
  const visit = (inner: Node): void => {
    const specifier = specifierOf(inner)
    if (specifier !== undefined) found.push(specifier.getText().slice(1, -1))
    inner.forEachChild((child) => {
      visit(child)
    })
  }
  visit(node)
  return found
}

function specifierOf(node: Node): Node | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier
  if (isImportTypeNode(node)) return node.argument
  if (!isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return undefined
  const [argument] = node.arguments
  return argument?.kind === SyntaxKind.StringLiteral ? argument : undefined
}

export function cycleRow(imports: readonly Import[]): Row {
  return row('cycles, types included', cyclesIn(imports), 0)
}

export function upwardRow(imports: readonly Import[]): Row {
  const upward = imports.filter(({ from, to }) => (levelOf(to) ?? 0) > (levelOf(from) ?? Infinity))
  return row('upward imports', upward.map(arrow), 0)
}

/** Rooms are the files and folders directly in the folder; arrows are the distinct imports between them. */
export function roomRows(folder: string, sources: readonly Parsed[], imports: readonly Import[]): readonly Row[] {
  const inside = sources.filter(({ file }) => file.startsWith(`${folder}/`))
  const roomOf = (file: string): string => file.slice(folder.length + 1).split('/', 1)[0] as string
  const rooms = new Set(inside.map(({ file }) => roomOf(file)))
  const arrows = new Set(
    imports
      .filter(({ from, to }) => from.startsWith(`${folder}/`) && to.startsWith(`${folder}/`))
      .map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) }))
      .filter(({ from, to }) => from !== to)
      .map(arrow),
  )
  const lines = inside.map(({ text }) => text.split('\n').length - 1).reduce((sum, count) => sum + count, 0)
  return [
    { what: `${folder}: lines`, value: lines, bound: 3800, counted: [] },
    row(`${folder}: rooms`, [...rooms], 16),
    row(`${folder}: arrows between rooms`, [...arrows], 40),
  ]
}

function arrow({ from, to }: Import): string {
  return `${from} -> ${to}`
}

/** Undefined for files that have no level: those directly in `src`, and the packages. */
export function levelOf(file: string): number | undefined {
  const [top, folder] = file.split('/')
  return top === 'src' && folder !== undefined ? levels[folder] : undefined
}

export function cyclesIn(imports: readonly Import[]): readonly string[] {
  const next = new Map<string, string[]>()
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) cycles.push([...path.slice(start), file].join(' -> '))
    if (start >= 0 || done.has(file)) return
    for (const target of next.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  return cycles
}
