import type { Node } from 'typescript/unstable/ast'
import { isClassDeclaration, isIdentifier, isPropertyDeclaration } from 'typescript/unstable/ast/is'
import { type Row, row } from './row.ts'
import type { Parsed } from './sources.ts'

/**
 * Files that one gauge of the dashboard crosses from where it is counted to the tile that shows it. The one followed is
 * `waiters`: it is counted in each thread, added up over threads, kept in the history and shown.
 *
 * Counts the files that name this field, and the class behind it. Left out are files that use the name for something
 * else: the callback strategy's own calls, the Prometheus metrics, and the list of waiters with its page.
 */
export function gaugeRow(sources: readonly Parsed[]): Row {
  const crossed = sources.filter((source) =>
    isStrategy(source) ? some(source.tree, countsWaiters) : some(source.tree, namesField) && isForDashboard(source),
  )
  if (crossed.length === 0) throw new Error('no file names the gauge `waiters`')
  return row(
    'files that the gauge `waiters` crosses',
    crossed.map(({ file }) => file),
    8,
  )
}

function isStrategy({ file }: Parsed): boolean {
  return /^src\/(?:flows\/)?callback\//.test(file)
}

/** The field that the other folders read, or its class. */
function countsWaiters(node: Node): boolean {
  if (isPropertyDeclaration(node)) return isIdentifier(node.name) && node.name.text === 'waiters'
  return isClassDeclaration(node) && node.name?.text === 'Waiters'
}

function namesField(node: Node): boolean {
  return isIdentifier(node) && node.text === 'waiters'
}

/** A file that serves the metrics or the list counts if it also serves the dashboard's figures. */
function isForDashboard({ file, text }: Parsed): boolean {
  if (file.startsWith('src/telemetry/metrics/')) return false
  return /\b(?:Live)?Figures\b/.test(text) || !/\b(?:WaiterListView|MetricSources)\b/.test(text)
}

function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || node.forEachChild((child) => some(child, test) || undefined) === true
}
