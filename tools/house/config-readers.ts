import type { Node } from 'typescript/unstable/ast'
import {
  isExportDeclaration,
  isExportSpecifier,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
} from 'typescript/unstable/ast/is'
import { type Import, levelOf, levels } from './import-graph.ts'
import { type Row, row } from './row.ts'
import type { Parsed } from './sources.ts'

/** Files that can see the whole configuration: they import the module that exports the type `Config`. */
export function configRows(sources: readonly Parsed[], imports: readonly Import[]): readonly Row[] {
  const modules = new Set(sources.filter(exportsConfig).map(({ file }) => file))
  if (modules.size === 0) throw new Error('no module in src/config exports the type Config')
  const readers = new Set(
    imports.filter(({ from, to }) => modules.has(to) && !from.startsWith('src/config/')).map(({ from }) => from),
  )
  const isFeature = (file: string): boolean => (levelOf(file) ?? Infinity) < (levels['config'] ?? 0)
  return [
    row('files outside config/ that know the whole Config', [...readers], 23),
    row('features among them', [...readers].filter(isFeature), 0),
  ]
}

function exportsConfig({ file, tree }: Parsed): boolean {
  if (!file.startsWith('src/config/')) return false
  let found = false
  const look = (node: Node): void => {
    const isDeclared = isInterfaceDeclaration(node) || isTypeAliasDeclaration(node)
    if (isDeclared && node.name.text === 'Config' && /^export\b/.test(node.getText())) found = true
    if (isExportSpecifier(node) && node.name.text === 'Config') found = true
    if (isExportDeclaration(node)) node.exportClause?.forEachChild(look)
  }
  tree.forEachChild(look)
  return found
}
