import { type Row, row } from './row.ts'

/** `packageText`: the text of `package.json`. */
export function dependencyRow(packageText: string): Row {
  const { dependencies = {} } = JSON.parse(packageText) as { readonly dependencies?: Readonly<Record<string, string>> }
  return row('runtime dependencies', Object.keys(dependencies), 10)
}
